"""Where the windows of a convolution or a pooling lie: in time, or in the rows and columns of a picture."""


def sound_windows(length, size, stride, padding):
    """The windows along time; size, stride and padding are one value, or a tuple with one value."""
    return axis_windows(length, _of_axis(size, 0), _of_axis(stride, 0), _of_axis(padding, 0))


def picture_windows(lengths, size, stride, padding):
    """The windows along the rows and along the columns; size, stride, padding are one value or a pair."""
    return tuple(
        axis_windows(lengths[a], _of_axis(size, a), _of_axis(stride, a), _of_axis(padding, a)) for a in (0, 1)
    )


def axis_windows(length, size, stride, padding):
    """For each output position p the list of (i, position): cell i of the window lies on x[position].

    position = p·stride + i − before. Cells that lie in the padding are left out: there is nothing to add
    for them, and they cannot be a maximum.
    """
    before, after = axis_padding(length, size, stride, padding)
    windows = []
    for p in range(count_windows(before + length + after, size, stride)):
        cells = [(i, p * stride + i - before) for i in range(size)]
        windows.append([(i, position) for i, position in cells if 0 <= position < length])
    return windows


def axis_padding(length, size, stride, padding):
    """The cells (before, after) to add on one axis. padding is "valid", "same", a number or such a pair."""
    if padding == "valid":
        return 0, 0
    if padding == "same":  # as many windows as steps of the stride begin inside x; the odd cell goes behind
        before = after = 0
        while count_windows(before + length + after, size, stride) < len(range(0, length, stride)):
            if after == before:
                after += 1
            else:
                before += 1
        return before, after
    return (padding, padding) if isinstance(padding, int) else padding


def count_windows(length, size, stride):
    """How many windows fit into ``length`` cells."""
    count = 0
    while count * stride + size <= length:
        count += 1
    return count


def _of_axis(value, axis):
    """The entry for one axis of something that may be one value for all axes."""
    return value if isinstance(value, (int, str)) else value[axis]
