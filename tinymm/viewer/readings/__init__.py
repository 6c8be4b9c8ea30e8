"""How the viewer words each layer: the letters of its axes, and the equation of each of its arrays.

What a layer computes is never said here; that is traced from its code. A layer without a reading is viewed
with plain letters and no equations.
"""

from tinymm.viewer.readings import elementwise, losses, normalising, recurrent, tables, weights, windows
from tinymm.viewer.readings.reading import Reading

READINGS = {
    **weights.READINGS, **windows.READINGS, **recurrent.READINGS, **elementwise.READINGS, **tables.READINGS,
    **normalising.READINGS, **losses.READINGS,
}  # fmt: skip


def reading_of(layer):
    """The Reading of a layer or loss; an empty one where there is none. A layer of one's own may bring ``reading``."""
    own = getattr(layer, "reading", None)
    if isinstance(own, Reading):
        return own
    name = type(layer).__name__
    if getattr(layer, "from_logits", False):
        name += " from logits"
    return READINGS.get(name, Reading())
