"""Rung 1: every layer and loss as plain loops over indices, symbol by symbol as on paper.

The functions have the names, arguments and results of the pure pairs in ``tinymm.layers`` and
``tinymm.losses``, and NumPy arrays of any floating-point or complex dtype go in and come out. They are slow,
and they are what the vectorised code is held to.
"""

from tinymm.equations.averagepool import (
    averagepool1d_backward,
    averagepool1d_forward,
    averagepool2d_backward,
    averagepool2d_forward,
)
from tinymm.equations.batchnorm import batchnorm_backward, batchnorm_forward
from tinymm.equations.concatenate import concatenate_backward, concatenate_forward
from tinymm.equations.conv1d import conv1d_backward, conv1d_forward
from tinymm.equations.conv2d import conv2d_backward, conv2d_forward
from tinymm.equations.dense import dense_backward, dense_forward
from tinymm.equations.dropout import dropout_backward, dropout_forward
from tinymm.equations.embedding import embedding_backward, embedding_forward
from tinymm.equations.flatten import flatten_backward, flatten_forward
from tinymm.equations.globalpool import (
    globalaveragepool_backward,
    globalaveragepool_forward,
    globalmaxpool_backward,
    globalmaxpool_forward,
)
from tinymm.equations.layernorm import layernorm_backward, layernorm_forward
from tinymm.equations.losses import (
    binary_cross_entropy_backward,
    binary_cross_entropy_forward,
    binary_cross_entropy_logits_backward,
    binary_cross_entropy_logits_forward,
    cross_entropy_backward,
    cross_entropy_forward,
    cross_entropy_logits_backward,
    cross_entropy_logits_forward,
    mean_squared_error_backward,
    mean_squared_error_forward,
)
from tinymm.equations.lstm import lstm_backward, lstm_forward
from tinymm.equations.maxpool import (
    maxpool1d_backward,
    maxpool1d_forward,
    maxpool2d_backward,
    maxpool2d_forward,
)
from tinymm.equations.relu import relu_backward, relu_forward
from tinymm.equations.rnn import rnn_backward, rnn_forward
from tinymm.equations.sigmoid import sigmoid_backward, sigmoid_forward
from tinymm.equations.softmax import softmax_backward, softmax_forward
from tinymm.equations.tanh import tanh_backward, tanh_forward
from tinymm.equations.timedistributed import timedistributed_backward, timedistributed_forward

__all__ = [
    "averagepool1d_backward", "averagepool1d_forward", "averagepool2d_backward", "averagepool2d_forward",
    "batchnorm_backward", "batchnorm_forward", "binary_cross_entropy_backward",
    "binary_cross_entropy_forward", "binary_cross_entropy_logits_backward",
    "binary_cross_entropy_logits_forward", "concatenate_backward", "concatenate_forward", "conv1d_backward",
    "conv1d_forward", "conv2d_backward", "conv2d_forward", "cross_entropy_backward",
    "cross_entropy_forward", "cross_entropy_logits_backward", "cross_entropy_logits_forward",
    "dense_backward", "dense_forward", "dropout_backward", "dropout_forward", "embedding_backward",
    "embedding_forward", "flatten_backward", "flatten_forward", "globalaveragepool_backward",
    "globalaveragepool_forward", "globalmaxpool_backward", "globalmaxpool_forward", "layernorm_backward",
    "layernorm_forward", "lstm_backward", "lstm_forward", "maxpool1d_backward", "maxpool1d_forward",
    "maxpool2d_backward", "maxpool2d_forward", "mean_squared_error_backward", "mean_squared_error_forward",
    "relu_backward", "relu_forward", "rnn_backward", "rnn_forward", "sigmoid_backward", "sigmoid_forward",
    "softmax_backward", "softmax_forward", "tanh_backward", "tanh_forward", "timedistributed_backward",
    "timedistributed_forward",
]  # fmt: skip
