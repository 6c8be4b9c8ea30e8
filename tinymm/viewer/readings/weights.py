"""Dense and the convolutions."""

from tinymm.viewer.readings.reading import Reading

DENSE = Reading(
    axes={"x": "n * d", "W": "d m", "b": "m", "y": "n * m"},
    equations={
        "y": "y_{n,m} = Σ_d x_{n,d} W_{d,m} + b_m",
        "dx": "∂x_{n,d} = Σ_m ∂y_{n,m} W_{d,m}",
        "dW": "∂W_{d,m} = Σ_n x_{n,d} ∂y_{n,m}",
        "db": "∂b_m = Σ_n ∂y_{n,m}",
    },
    notes={
        "y": "One output looks at its whole row of x and at its own column of W.",
        "dx": "This x went into every output of its row, each time with another weight. Each way back brings its share.",
        "dW": "This weight was used once for each sample. Its gradient adds up what every use would have changed.",
        "db": "The bias was added to the output of every sample, with weight 1.",
    },
)

CONV1D = Reading(
    axes={"x": "n t c", "W": "i c o", "b": "o", "y": "n t o"},
    equations={
        "y": "y_{n,t,o} = Σ_i Σ_c x_{n,t·s+i−p,c} W_{i,c,o} + b_o",
        "dx": "∂x_{n,t,c} = Σ_i Σ_o ∂y_{n,(t−i+p)/s,o} W_{i,c,o}",
        "dW": "∂W_{i,c,o} = Σ_n Σ_t ∂y_{n,t,o} x_{n,t·s+i−p,c}",
        "db": "∂b_o = Σ_n Σ_t ∂y_{n,t,o}",
    },
    notes={
        "y": "The kernel lies on a window of x: multiply what lies on top of each other, and add up.",
        "dx": "It meets each weight once, at the window where that weight lay on it. At the edge some of these windows do "
        "not exist: count the terms.",
        "dW": "The same weight worked in every window, so every window has a say in its gradient.",
        "db": "The bias was added in every window, with weight 1.",
    },
    hidden=frozenset({"dx_padded"}),
)

CONV2D = Reading(
    axes={"x": "n h w c", "W": "i j c o", "b": "o", "y": "n p q o"},
    equations={
        "y": "y_{n,p,q,o} = Σ_{i,j} Σ_c x_{n,p·s+i,q·s+j,c} W_{i,j,c,o} + b_o",
        "dx": "∂x_{n,h,w,c} = Σ_{i,j} Σ_o ∂y_{n,(h−i)/s,(w−j)/s,o} W_{i,j,c,o}",
        "dW": "∂W_{i,j,c,o} = Σ_n Σ_{p,q} ∂y_{n,p,q,o} x_{n,p·s+i,q·s+j,c}",
        "db": "∂b_o = Σ_n Σ_{p,q} ∂y_{n,p,q,o}",
    },
    notes={
        "y": "The kernel lies on a window of the picture: multiply what lies on top of each other, and add up.",
        "dx": "It meets each weight once, at the window where that weight lay on it. A corner lies in one window alone: "
        "count the terms.",
        "dW": "The same weight worked in every window, so every window has a say in its gradient.",
        "db": "The bias was added in every window, with weight 1.",
    },
    hidden=frozenset({"dx_padded"}),
)

READINGS = {"Dense": DENSE, "Conv1D": CONV1D, "Conv2D": CONV2D}
