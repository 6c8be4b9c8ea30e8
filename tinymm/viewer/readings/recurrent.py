"""RNN and LSTM."""

from tinymm.viewer.readings.reading import Reading

SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
WEIGHT_NOTE = "The same weight worked at every time step, so its gradient is a sum over time."


def gates(columns):
    """Labels of the 4M columns of an LSTM's weights: i₀ i₁ f₀ f₁ g₀ g₁ o₀ o₁; of a single unit i f g o."""
    units = columns // 4
    numbers = [str(m).translate(SUBSCRIPT) for m in range(units)] if units > 1 else [""]
    return [gate + number for gate in "ifgo" for number in numbers]


RNN = Reading(
    axes={"x": "n t d", "W": "d m", "U": "k m", "b": "m", "h": "n m", "z": "n m", "h0": "n m", "y": "n * m"},
    equations={
        "z": "z_{t,n,m} = Σ_d x_{n,t,d} W_{d,m} + Σ_k h_{t−1,n,k} U_{k,m} + b_m",
        "h": "h_{t,n,m} = tanh(z_{t,n,m})",
        "y": "y_{n,m} = h_{T−1,n,m}",
        "dh": "∂h_{t,n,m} = ∂y_{n,m} [t = T−1] + Σ_k ∂z_{t+1,n,k} U_{m,k}",
        "dz": "∂z_{t,n,m} = ∂h_{t,n,m} (1 − h_{t,n,m}^2)",
        "dx": "∂x_{n,t,d} = Σ_m ∂z_{t,n,m} W_{d,m}",
        "dW": "∂W_{d,m} = Σ_t Σ_n x_{n,t,d} ∂z_{t,n,m}",
        "dU": "∂U_{k,m} = Σ_t Σ_n h_{t−1,n,k} ∂z_{t,n,m}",
        "db": "∂b_m = Σ_t Σ_n ∂z_{t,n,m}",
    },
    notes={
        "z": "The new input and the last state, each through its own weights.",
        "h": "The state after step t. It goes out, and into the next step.",
        "y": "The state after the last step is the answer.",
        "dh": "The state went out as the answer (if it was the last) and into the next step.",
        "dz": "tanh is steep near 0 and flat far out: there 1 − h² is small and the gradient fades.",
        "dW": WEIGHT_NOTE, "dU": WEIGHT_NOTE, "db": "The bias was added at every step, with weight 1.",
        "dx": "This input was used at its own step only; later steps felt it through the state.",
    },
    gradients={"h": "dh_t"},
    inside={"z": "new"},
    hidden=frozenset({"before", "new", "after", "dh_next", "carried", "dh0"}),
)  # fmt: skip

LSTM = Reading(
    axes={
        "x": "n t d", "W": "d k", "U": "m k", "b": "k", "z": "n k", "i": "n m", "f": "n m", "g": "n m", "o": "n m",
        "c": "n m", "h": "n m", "tanh_c": "n m", "h0": "n m", "c0": "n m", "y": "n * m",
    },
    equations={
        "z": "z_{t,n,k} = Σ_d x_{n,t,d} W_{d,k} + Σ_m h_{t−1,n,m} U_{m,k} + b_k",
        "i": "i_{t} = σ(z_{t,i})", "f": "f_{t} = σ(z_{t,f})", "g": "g_{t} = tanh(z_{t,g})", "o": "o_{t} = σ(z_{t,o})",
        "c": "c_{t} = f_{t} c_{t−1} + i_{t} g_{t}",
        "tanh_c": "tanh(c_{t})",
        "h": "h_{t} = o_{t} tanh(c_{t})",
        "y": "y_{n,m} = h_{T−1,n,m}",
        "dh": "∂h_{t,n,m} = ∂y_{n,m} [t = T−1] + Σ_k ∂z_{t+1,n,k} U_{m,k}",
        "dc": "∂c_{t} = ∂c_{t+1} f_{t+1} + ∂h_{t} o_{t} (1 − tanh^2 c_{t})",
        "do": "∂o_{t} = ∂h_{t} tanh c_{t}",
        "di": "∂i_{t} = ∂c_{t} g_{t}", "df": "∂f_{t} = ∂c_{t} c_{t−1}", "dg": "∂g_{t} = ∂c_{t} i_{t}",
        "dz": "∂z_i = ∂i · i (1 − i)\n∂z_f = ∂f · f (1 − f)\n∂z_g = ∂g · (1 − g^2)\n∂z_o = ∂o · o (1 − o)",
        "dx": "∂x_{n,t,d} = Σ_k ∂z_{t,n,k} W_{d,k}",
        "dW": "∂W_{d,k} = Σ_t Σ_n x_{n,t,d} ∂z_{t,n,k}",
        "dU": "∂U_{m,k} = Σ_t Σ_n h_{t−1,n,m} ∂z_{t,n,k}",
        "db": "∂b_k = Σ_t Σ_n ∂z_{t,n,k}",
    },
    notes={
        "z": "The input and the last state through their weights: one column for each gate i, f, g, o of each unit.",
        "i": "The input gate, between 0 and 1: how much of the new content comes in.",
        "f": "The forget gate, between 0 and 1: how much of the old memory is kept.",
        "g": "The new content, between −1 and 1.",
        "o": "The output gate, between 0 and 1: how much of the memory is shown.",
        "c": "The memory: part of the old one is kept, part of the new content is added.",
        "tanh_c": "The memory, squeezed between −1 and 1 before it is shown.",
        "h": "What the unit says at step t. It goes out, and into the next step.",
        "y": "What the units say after the last step is the answer.",
        "dh": "h went out as the answer (if it was the last) and into all four gates of the next step.",
        "dc": "The conveyor belt: going back, the gradient is only multiplied by the forget gate.",
        "do": "The output gate stood before tanh c in h.", "di": "The input gate stood before g in c.",
        "df": "The forget gate stood before the old memory in c.", "dg": "The new content stood behind i in c.",
        "dz": "σ has the slope σ (1 − σ), tanh the slope 1 − tanh². Both are small where a gate is wide open or shut.",
        "dx": "This input went into all four gates of every unit.",
        "dW": WEIGHT_NOTE, "dU": WEIGHT_NOTE, "db": "The bias was added at every step, with weight 1.",
    },
    names={"c_new": "c", "h_new": "h", "h": "h kept", "c": "c kept"},
    gradients={"h": "dh_t", "h kept": "dh_t"},
    hidden=frozenset({"dh_next", "dc_next", "dc_before", "carried", "dh0", "dc0", "outputs"}),
    ticks={"k": gates},
)  # fmt: skip

READINGS = {"RNN": RNN, "LSTM": LSTM}
