"""What is mutated, and which tests have to notice: one subject for each layer file, loss and optimizer."""

import ast
import inspect
import pkgutil
import textwrap
from dataclasses import dataclass
from importlib import import_module

from tinymm import layers, losses, optimizers

METHODS = ("backward", "run_backward", "gather", "next_state", "functions", "update", "rule")
PURE = ("_backward", "_update", "unpad", "at_offset", "global_norm")  # how the pure functions' names end
CONTRACT = "test_contract.py"
POOLING = ("averagepool", "conv1d", "conv2d", "maxpool")
TESTED_WITH = {  # layer files that other layers are made of: their tests judge as well
    "containers": ("concatenate", "timedistributed"),
    "recurrent": ("lstm", "rnn"),
    "windows": POOLING,
}
LOSSES = ("binary_cross_entropy", "cross_entropy", "mean_squared_error")
OPTIMIZERS = ("sgd", "momentum", "adam", "adamw")


@dataclass(frozen=True)
class Subject:
    """A row of the kill matrix: its functions, and the tests whose file and name fit."""

    name: str
    functions: tuple
    files: tuple
    words: tuple = ()

    def judged_by(self, item):
        """Whether a collected test belongs to this subject; of the contract tests only those that name it."""
        if item.path.name != CONTRACT:
            return item.path.name in self.files
        return any(word in item.name.lower() for word in self.words)


def subjects():
    """All of them, by name, in the order of the table."""
    found = [_layer(module.name) for module in pkgutil.iter_modules(layers.__path__)]
    found += _split(losses, LOSSES, "test_losses.py")
    found += _split(optimizers, OPTIMIZERS, "test_optimizers.py")
    return {subject.name: subject for subject in found if subject.functions}


def is_backward_pass(function):
    """Whether a function computes gradients, so that it must have mutants."""
    return function.__name__.endswith("backward")


def _layer(name):
    names = (name, *TESTED_WITH.get(name, ()))
    words = {"containers": ("sequential",), "globalpool": ("global",), "windows": POOLING}.get(name, names)
    files = tuple(f"test_{other}.py" for other in names)
    return Subject(name, tuple(_functions(import_module(f"tinymm.layers.{name}"))), files, words)


def _split(module, names, file):
    """A subject for each of the names, and one, called like the module, for what all of them share."""
    groups = {name: [] for name in (*names, module.__name__.rpartition(".")[2])}
    for function in _functions(module):
        owner = function.__qualname__.partition(".")[0].replace("_", "").lower()
        fitting = [name for name in names if owner.startswith(name.replace("_", ""))]
        home = max(fitting, key=len, default=list(groups)[-1])
        groups[home].append(function)
    return [Subject(name, tuple(functions), (file,)) for name, functions in groups.items()]


def _functions(module):
    """The functions and methods written in a module that compute gradients or use them."""
    for name, thing in vars(module).items():
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing) and thing.__name__ == name and name.endswith(PURE):
            yield thing
        if inspect.isclass(thing):
            yield from (f for k, f in vars(thing).items() if k in METHODS and not _is_abstract(f))


def _is_abstract(method):
    """Whether a method does nothing but wait for a subclass to write it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(method))).body[0]
    last = tree.body[-1]
    return len(tree.body) <= 2 and (isinstance(last, ast.Raise) or ast.unparse(last) == "return {}")
