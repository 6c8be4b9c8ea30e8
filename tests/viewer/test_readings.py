"""The words for layers: for every layer, for a layer of one's own, and none where there are none."""

import numpy as np

import tinymm as mm
from tinymm.viewer.panels import Layout
from tinymm.viewer.readings import READINGS, Reading, reading_of
from tinymm.viewer.trace import trace


class Double(mm.Layer):
    """Twice as much."""

    reading = Reading(axes={"x": "row column", "y": "row column"}, equations={"y": "y = 2 x"}, input="x")

    def run(self, x):
        y = x + x
        return y, None

    def backward(self, dy, cache):
        return 2 * dy, {}


def test_layers_have_words_and_losses_have_them_for_logits_too():
    assert reading_of(mm.Dense(2)) is READINGS["Dense"]
    assert reading_of(mm.CrossEntropy(from_logits=True)) is READINGS["CrossEntropy from logits"]
    assert reading_of(mm.Sequential()) == Reading()


def test_a_layer_of_ones_own_may_bring_its_words():
    layout = Layout(trace(Double(), np.ones((2, 3))))
    assert [panel.axes for panel in layout.panels] == [("row", "column")] * 2
    html = mm.view(Double(), np.ones((2, 3))).html
    assert "<mn>2</mn><mi>x</mi>" in html.replace("\\u003c", "<") and "Twice as much." in html


def test_axes_that_were_not_named_get_letters_of_their_own():
    for shape in ((3,), (3, 2), (3, 2, 2), (3, 2, 2, 2), (3, 2, 2, 2, 2), (2, 1, 1, 1, 1, 2)):
        for panel in Layout(trace(mm.Tanh(), np.ones(shape))).panels:
            assert len(set(panel.axes)) == len(shape)
