"""The lessons: where they are, and what their code shares. The lessons themselves are in ``lessons/`` of the clone."""

from tinymm.lessons.shelf import Lesson, find, shelf
from tinymm.lessons.speaking import say, show
from tinymm.lessons.style import BLUE, GREEN, GREY, ORANGE, RED, STYLE

__all__ = ["BLUE", "GREEN", "GREY", "Lesson", "ORANGE", "RED", "STYLE", "find", "say", "shelf", "show"]
