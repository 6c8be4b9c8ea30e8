"""What the pooling layers share: a window size, a stride, a padding, and the shape that follows from them."""

from tinymm.layers.base import Layer
from tinymm.layers.windows import output_lengths, per_axis, resolve_padding


class Pool(Layer):
    """What the pooling layers share: a window size, a stride that defaults to it, and a padding."""

    keeps_time = False

    def __init__(self, pool_size=2, stride=None, padding="valid"):
        super().__init__()
        dimensions = len(self.axes) - 1
        self.pool_size = per_axis(pool_size, dimensions, "pool_size")
        self.stride = per_axis(self.pool_size if stride is None else stride, dimensions, "stride")
        self.padding = padding

    def output_shape(self, input_shape):
        lengths = input_shape[:-1]
        pads = resolve_padding(self.padding, lengths, self.pool_size, self.stride)
        return (*output_lengths(lengths, self.pool_size, self.stride, pads), input_shape[-1])
