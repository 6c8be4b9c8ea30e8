"""Gradients that are proven: see ``tinymm.gradcheck``."""

from tinymm.gradchecking.check import gradcheck
from tinymm.gradchecking.report import Check, Report

__all__ = ["Check", "Report", "gradcheck"]
