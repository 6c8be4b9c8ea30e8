"""How good predictions are, in numbers a person can read. All take NumPy arrays of probabilities and targets."""

import numpy as np


def is_multiclass(targets):
    """True for class numbers (N,), False for yes/no answers (N, M)."""
    return targets.ndim == 1


def accuracy(probabilities, targets):
    """The share of right answers.

    Class numbers (N,): the largest of (N, K) counts. Yes/no (N, M): p ≥ ½ counts as yes, and every one of the
    N·M answers counts.
    """
    if is_multiclass(targets):
        return float((probabilities.argmax(axis=-1) == targets).mean())
    return float(((probabilities >= 0.5) == (targets >= 0.5)).mean())


def confusion_matrix(predicted, true, classes):
    """counts[i, j]: how many samples of class i were called class j. predicted, true (N,) class numbers."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts


def precision_recall_f1(counts):
    """From a confusion matrix (K, K): three arrays (K,). A class never predicted, or never there, scores 0.

    precision = right / predicted as the class, recall = right / truly of the class, F1 = their harmonic mean.
    """
    right = np.diag(counts).astype(float)
    precision = right / np.maximum(counts.sum(axis=0), 1)
    recall = right / np.maximum(counts.sum(axis=1), 1)
    return precision, recall, 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
