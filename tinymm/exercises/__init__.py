"""Exercises: write the course's layers yourself, and have them checked step by step.

In a notebook: ``from tinymm.exercises import check``, then ``check("dense", dense_forward, dense_backward)``.
"""

from tinymm.exercises.checking import check
from tinymm.exercises.course import COURSE, exercise

__all__ = ["COURSE", "check", "exercise"]
