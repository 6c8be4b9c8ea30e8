"""What every layer is: parameters, a forward pass, a backward pass, and nothing hidden."""

import inspect
from numbers import Integral

import numpy as np

from tinymm.backend import is_cupy, to_device, to_host
from tinymm.errors import LayerError, ShapeError, TinymmError


class Layer:
    """A function with parameters and a hand-written gradient.

    A layer of one's own is a subclass with

    - ``axes``: the names of the input's axes without the batch axis, ``("...", "features")`` for any
      number of axes before the last, or None when any shape will do;
    - ``parameters(input_shape, rng)``: a dict of float64 arrays, named as in the equations;
    - ``output_shape(input_shape)``;
    - ``run(x, ...)`` -> (y, cache), which takes what ``needs`` lists of ``training``, ``mask``, ``rng``;
    - ``backward(dy, cache)`` -> (dx, grads), ``grads`` keyed like ``params``.

    Shapes leave out the batch axis. Attributes with the names of the constructor's arguments are what
    a saved file keeps of a layer.
    """

    axes = None
    needs = ()
    kinds = "fcO"
    keeps_time = True

    def __init__(self):
        self.input_shape = None
        self.params = {}
        self.state = {}

    def parameters(self, input_shape, rng):
        """The freshly drawn trainable arrays, float64."""
        return {}

    def initial_state(self, input_shape):
        """Arrays that are saved with the layer but not trained by gradients, float64."""
        return {}

    def output_shape(self, input_shape):
        """The shape, without the batch axis, of what ``run`` returns."""
        return input_shape

    def multiply_adds(self, input_shape):
        """Multiplications followed by an addition in one sample's forward pass."""
        return 0

    def build(self, input_shape, rng=None, dtype=np.float32):
        """Make ``params`` for inputs of ``input_shape`` (without the batch axis); return the output shape.

        rng is a ``numpy.random.Generator``; without one, the weights are those of seed 0. A layer that
        is built already keeps its parameters. Raises ShapeError for a shape the layer cannot take.
        """
        if isinstance(input_shape, dict):
            raise ShapeError(f"{type(self).__name__} wants one input and got a dict: a dict is for Concatenate")
        input_shape = tuple(input_shape)
        self.check(input_shape)
        output_shape = self.output_shape(input_shape)
        if self.input_shape is None:
            rng = np.random.default_rng(0) if rng is None else rng
            self.params = {k: a.astype(dtype) for k, a in self.parameters(input_shape, rng).items()}
            self.state = {k: a.astype(dtype) for k, a in self.initial_state(input_shape).items()}
            self.input_shape = input_shape
        return output_shape

    def forward(self, x, training=False, mask=None, rng=None):
        """Run the layer on a batch: x (N, ...) -> y (N, ...), cache.

        mask is (N, T) booleans, True for the real steps, for layers that read time; rng feeds Dropout.
        Nothing is stored on the layer: what ``backward`` needs is in ``cache``.
        Raises ShapeError when x does not fit what the layer was built for.
        """
        self.accept(x)
        given = {"training": training, "mask": mask, "rng": rng}
        return self.run(x, **{name: given[name] for name in self.needs})

    def accept(self, x):
        """Check a batch before it is used, and build the layer for it if nobody has."""
        if not hasattr(x, "dtype"):
            raise ShapeError(f"{type(self).__name__} wants an array and got a {type(x).__name__}")
        if x.dtype.kind not in self.kinds:
            raise ShapeError(self._wrong_kind(x.dtype))
        if self.input_shape is None:
            self.build(x.shape[1:], dtype=x.dtype if x.dtype.kind in "fc" else np.float32)
            self.to("gpu" if is_cupy(x) else "cpu")
        self.check(x.shape[1:])
        self._check_place(x)

    def run(self, x):
        raise NotImplementedError(f"{type(self).__name__} has no run(x)")

    def backward(self, dy, cache):
        """Gradients from dy, shaped like y: dx, shaped like x, and a dict keyed like ``params``."""
        raise NotImplementedError(f"{type(self).__name__} has no backward(dy, cache)")

    def output_mask(self, x, mask):
        """The mask of the output's time steps, None when its time axis is gone or has changed."""
        return mask if self.keeps_time else None

    def next_state(self, cache):
        """What ``state`` becomes after a training step whose forward pass left this cache."""
        return {}

    def summary(self, input_shape=None):
        """Print shapes, parameters, multiply-adds and activation memory of every layer inside.

        A model that is not built needs ``input_shape`` (without the batch axis) and is built for it.
        """
        from tinymm.summary import summary_text

        print(summary_text(self, input_shape))

    def astype(self, dtype):
        """Turn parameters and state into another dtype, in place. Returns the layer."""
        self._replace(lambda a: a.astype(dtype))
        return self

    def to(self, device):
        """Move parameters and state to ``"gpu"`` or ``"cpu"``, in place. Returns the layer."""
        if device not in ("cpu", "gpu"):
            raise TinymmError(f'unknown device {device!r}: choose "cpu" or "gpu"')
        self._replace(to_device if device == "gpu" else to_host)
        return self

    def _replace(self, change):
        self.params = {name: change(a) for name, a in self.params.items()}
        self.state = {name: change(a) for name, a in self.state.items()}

    def config(self):
        """The constructor's arguments, as JSON can hold them."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        return {"layer": type(self).__name__, **{name: getattr(self, name) for name in names}}

    def __repr__(self):
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.config().items() if k != "layer")
        return f"{type(self).__name__}({arguments})"

    def check(self, shape):
        """Raise ShapeError unless ``shape`` (without the batch axis) fits ``axes`` and what was built."""
        if self.axes is None:
            return
        built = self.input_shape
        names = [name for name in self.axes if name != "..."]
        right_rank = len(shape) >= len(names) if "..." in self.axes else len(shape) == len(names)
        if right_rank and (built is None or shape[-1] == built[-1]):
            return
        sizes = names if built is None else [*names[:-1], f"{names[-1]}={built[-1]}"]
        if "..." in self.axes:
            sizes = ["...", *sizes]
        raise ShapeError(
            f"{type(self).__name__} wants inputs (N, {', '.join(sizes)}) and got (N, {', '.join(map(str, shape))})"
            f": {_likely_cause(names, built, shape)}"
        )

    def _check_place(self, x):
        """Raise LayerError when the input is on the GPU and the parameters are not, or the other way round."""
        for name, a in self.params.items():
            if is_cupy(a) is not is_cupy(x):
                here, there, move = ("GPU", "CPU", "to_device") if is_cupy(a) else ("CPU", "GPU", "to_host")
                raise LayerError(
                    f"{type(self).__name__} has its {name} on the {here} and got an input on the {there}: "
                    f'give it {move}(x), or move the model with model.to("{there.lower()}")'
                )

    def _wrong_kind(self, dtype):
        if self.kinds == "iu":
            return f"{type(self).__name__} wants whole numbers, token ids, and got {dtype}: x.astype(int)"
        return (
            f"{type(self).__name__} wants floating-point numbers and got {dtype}: "
            'x.astype("float32"), and divide pictures by 255'
        )


def positive(name, value):
    """value as an int. Raises ShapeError unless it is a whole number of 1 or more."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ShapeError(f"{name} is {value!r}: give a whole number of 1 or more")
    return int(value)


def _likely_cause(names, built, shape):
    if len(shape) == len(names) - 1:
        if built is not None and shape and shape[-1] == built[-1]:
            return "is the batch axis missing? A single sample goes in as x[None]"
        return f"is the {names[-1]} axis missing? One channel goes in as x[..., None]"
    if len(shape) != len(names):
        return f"it needs {len(names)} axes after the batch axis, here are {len(shape)}"
    if built is not None and len(shape) > 1 and shape[0] == built[-1]:
        return f"the {names[-1]} axis comes last; move it with np.moveaxis(x, 1, -1)"
    return "was the data prepared with other settings than the model was built for?"
