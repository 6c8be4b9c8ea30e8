"""``tinymm.gradcheck``: proof that a backward pass is the derivative of its forward pass."""

from tinymm.gradchecking import Check, Report, gradcheck

__all__ = ["Check", "Report", "gradcheck"]
