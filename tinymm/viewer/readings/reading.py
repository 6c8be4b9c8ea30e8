"""The words for one layer."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reading:
    """Names for the arrays of a layer's code.

    - ``axes``: array -> its letters, ``"n d"``; the t in front that a loop over time adds goes without saying;
      ``"n * d"`` fits any number of axes between;
    - ``equations``: array, or ``d`` and its name for its gradient -> the equation (see ``tinymm.viewer.mathml``);
    - ``notes``: the same keys -> a sentence that helps;
    - ``names``: name in the code -> the name on the page;
    - ``gradients``: name on the page -> the name of its gradient in backward, where it is not ``d`` and the name;
    - ``inside``: name on the page for what a function was applied to -> the array it gave: z in h = tanh(z);
    - ``hidden``: names in the code that get no array on the page, being steps on the way to another;
    - ``ticks``: a letter -> the function from its length to labels, where plain numbers would say less;
    - ``input``: what the layer's code calls its input.
    """

    axes: dict = field(default_factory=dict)
    equations: dict = field(default_factory=dict)
    notes: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    gradients: dict = field(default_factory=dict)
    inside: dict = field(default_factory=dict)
    hidden: frozenset = frozenset()
    ticks: dict = field(default_factory=dict)
    input: str = "x"
