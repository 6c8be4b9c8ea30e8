"""The errors tinymm raises for what a user can mend."""


class TinymmError(Exception):
    """Something the user gave is wrong. The message is one sentence: what, where, and what to do."""


class LayerError(TinymmError):
    """Something went wrong inside a layer.

    Containers put the name of the branch and of the layer in front while the error passes through
    them, so that the message names the layer by the path its parameters have (``image.0``).
    """

    def __init__(self, message, path=""):
        super().__init__(message)
        self.message = message
        self.path = path

    def within(self, name):
        """The same error, seen from the container in which the layer is called ``name``."""
        return type(self)(self.message, f"{name}.{self.path}".strip("."))

    def __str__(self):
        return f"layer {self.path}: {self.message}" if self.path else self.message


def told_by(name, work, *arguments, **named):
    """Do a child's work; an error on the way is told with the child's name in front."""
    try:
        return work(*arguments, **named)
    except LayerError as error:
        raise error.within(name) from None


class ShapeError(LayerError, ValueError):
    """An array does not have the shape or the kind of numbers a layer was built for."""


class NonFiniteError(LayerError, ArithmeticError):
    """An output or a gradient holds NaN or infinity."""
