"""The layers, one a file: equations, a pure forward and backward function, and a thin class that owns the parameters."""

from tinymm.layers.averagepool import AveragePool1D, AveragePool2D
from tinymm.layers.base import Layer
from tinymm.layers.batchnorm import BatchNorm
from tinymm.layers.concatenate import Concatenate
from tinymm.layers.containers import Container, Sequential
from tinymm.layers.conv1d import Conv1D
from tinymm.layers.conv2d import Conv2D
from tinymm.layers.dense import Dense
from tinymm.layers.dropout import Dropout
from tinymm.layers.embedding import Embedding
from tinymm.layers.flatten import Flatten
from tinymm.layers.globalpool import GlobalAveragePool, GlobalMaxPool
from tinymm.layers.layernorm import LayerNorm
from tinymm.layers.lstm import LSTM
from tinymm.layers.maxpool import MaxPool1D, MaxPool2D
from tinymm.layers.relu import ReLU
from tinymm.layers.rnn import RNN
from tinymm.layers.sigmoid import Sigmoid
from tinymm.layers.softmax import Softmax
from tinymm.layers.tanh import Tanh
from tinymm.layers.timedistributed import TimeDistributed

__all__ = [
    "AveragePool1D", "AveragePool2D", "BatchNorm", "Concatenate", "Container", "Conv1D", "Conv2D", "Dense",
    "Dropout", "Embedding", "Flatten", "GlobalAveragePool", "GlobalMaxPool", "LSTM", "Layer", "LayerNorm",
    "MaxPool1D", "MaxPool2D", "RNN", "ReLU", "Sequential", "Sigmoid", "Softmax", "Tanh", "TimeDistributed",
]  # fmt: skip
