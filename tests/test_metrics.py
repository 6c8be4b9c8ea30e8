"""Accuracy, confusion matrix, precision, recall and F1, against numbers worked out by hand."""

import numpy as np

from tinymm.metrics import accuracy, confusion_matrix, precision_recall_f1


def test_accuracy_of_classes_counts_the_largest():
    p = np.array([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]])
    assert accuracy(p, np.array([1, 1, 0])) == 2 / 3


def test_accuracy_of_yes_and_no_counts_every_answer():
    p = np.array([[0.5, 0.2], [0.49, 0.9]])
    assert accuracy(p, np.array([[1, 0], [1, 0]], float)) == 0.5


def test_a_confusion_matrix_has_the_truth_in_its_rows():
    counts = confusion_matrix(np.array([0, 1, 1, 2, 0]), np.array([0, 0, 1, 2, 2]), 4)
    np.testing.assert_array_equal(counts, [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]])


def test_precision_recall_and_f1_follow_from_it_and_are_0_for_what_never_occurs():
    counts = np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]])
    precision, recall, f1 = precision_recall_f1(counts)
    np.testing.assert_allclose(precision, [3 / 5, 4 / 5, 0])
    np.testing.assert_allclose(recall, [3 / 4, 4 / 6, 0])
    np.testing.assert_allclose(f1, [2 / 3, 8 / 11, 0])
