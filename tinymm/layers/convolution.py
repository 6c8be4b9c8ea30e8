"""What the convolution layers share: filters, kernel, stride, padding, and the shapes that follow from them."""

import math

from tinymm.initializers import INITIALIZERS, known_initializer
from tinymm.layers.base import Layer, positive
from tinymm.layers.windows import output_lengths, per_axis, resolve_padding


class Convolution(Layer):
    """(N, *lengths, C) -> (N, *out, filters), with W (*kernel_size, C, filters) and b (filters,).

    kernel_size and stride are a number or one for each axis; ``padding`` is "valid", "same", a number, or one
    number or (before, after) for each axis; out = ⌊(length + padding − kernel) / stride⌋ + 1.
    """

    keeps_time = False

    def __init__(self, filters, kernel_size, stride=1, padding="valid", initializer="glorot_uniform"):
        super().__init__()
        dimensions = len(self.axes) - 1
        self.filters = positive("filters", filters)
        self.kernel_size = per_axis(kernel_size, dimensions, "kernel_size")
        self.stride = per_axis(stride, dimensions, "stride")
        self.padding = padding
        self.initializer = known_initializer(initializer)

    def parameters(self, input_shape, rng):
        W = INITIALIZERS[self.initializer]((*self.kernel_size, input_shape[-1], self.filters), rng)
        return {"W": W, "b": INITIALIZERS["zeros"](self.filters)}

    def output_shape(self, input_shape):
        lengths = input_shape[:-1]
        pads = resolve_padding(self.padding, lengths, self.kernel_size, self.stride)
        return (*output_lengths(lengths, self.kernel_size, self.stride, pads), self.filters)

    def multiply_adds(self, input_shape):
        return math.prod(self.output_shape(input_shape)) * math.prod(self.kernel_size) * input_shape[-1]
