"""All parameters in one stretch of the GPU's memory, their gradients in another, and the optimizer's slots likewise.

So one launch updates everything. The layers keep arrays of their own shapes, which are views of the long one.
"""

import cupy

from tinymm.engines.gpu.plan import cover
from tinymm.layers import Container

ALIGN = 4  # numbers that a thread of the update takes at a time


class Parameters:
    """The parameters of a model, moved into one array each for values, gradients and slots.

    ``homes`` knows where every view is kept; when somebody puts another array there, by ``model.to`` or by loading,
    ``still_home`` says so, and new Parameters are made from the new arrays.
    """

    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer
        model.to("gpu")
        arrays = model.params
        self.dtype = next(iter(arrays.values())).dtype
        self.places, size = {}, 0
        for name, a in arrays.items():
            self.places[name] = slice(size, size + a.size)
            size += cover(a.size, ALIGN) * ALIGN
        self.size = size
        self.flat, self.grads = cupy.zeros(size, self.dtype), cupy.zeros(size, self.dtype)
        views = {}
        for name, a in arrays.items():
            views[id(a)] = self.view(self.flat, name, a.shape)
            views[id(a)][...] = a
        self.homes = []
        for layer in leaves(model):
            for key, a in layer.params.items():
                layer.params[key] = views[id(a)]
                self.homes.append((layer, key, views[id(a)]))
        self.grad_of = {id(a): self.view(self.grads, name, a.shape) for name, a in model.params.items()}
        self.slots, self.slot_homes = {}, []

    def view(self, flat, name, shape):
        """The part of a long array that belongs to a parameter."""
        return flat[self.places[name]].reshape(shape)

    def still_home(self):
        """True while the layers hold the views that were given to them."""
        return all(layer.params.get(key) is a for layer, key, a in self.homes)

    def take_slots(self):
        """Move the optimizer's slots, where they are not yet, into long arrays, and leave views of them in their place."""
        slots = self.optimizer.slots
        if self.slot_homes and all(slots.get(name, {}).get(slot) is a for name, slot, a in self.slot_homes):
            return
        self.slot_homes = []
        shapes = {name: a.shape for name, a in self.model.params.items()}
        for slot in self.optimizer.slot_names:
            self.slots[slot] = cupy.zeros(self.size, self.dtype) if slot not in self.slots else self.slots[slot]
            for name, shape in shapes.items():
                view = self.view(self.slots[slot], name, shape)
                view[...] = cupy.asarray(slots[name][slot]) if name in slots else 0
                self.slot_homes.append((name, slot, view))
        for name in shapes:
            slots[name] = {slot: view for owner, slot, view in self.slot_homes if owner == name}


def leaves(layer):
    """The layers of a model that are no containers, one after the other."""
    if isinstance(layer, Container):
        for child in layer.children.values():
            yield from leaves(child)
    else:
        yield layer
