"""The benchmark: every engine beside loops, the textbook and PyTorch, held against this machine's own ceilings.

``works`` says what is measured and ``counts`` what it costs on paper; ``loops``, ``own`` and ``pytorch`` do the work;
``timing``, ``memory`` and ``ceilings`` measure; ``measuring`` puts the figures together, ``tables`` and ``plots`` show them.
"""
