"""Mutants: one typical mistake at a time, planted in the syntax tree of a function.

Two uses. The mutation run (``tests/mutation``) plants every mistake in every backward pass and asks whether a
test notices. The gradient check compares a learner's wrong gradient with what the mutants compute: the one
that gives the same wrong numbers says, in its message, what the mistake looks like.
"""

from tinymm.gradchecking.mutants.planting import OPERATORS, Mutant, mutants_of, planted

__all__ = ["Mutant", "OPERATORS", "mutants_of", "planted"]
