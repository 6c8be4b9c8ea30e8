"""BatchNorm and LayerNorm."""

from tinymm.viewer.readings.reading import Reading

NAMES = {"gamma": "γ", "beta": "β", "x_hat": "x̂", "mean": "μ", "variance": "v"}
NOTES = {
    "x̂": "Mean 0 and variance 1 now.",
    "y": "γ and β let the layer choose its own spread and its own mean.",
    "v": "The mean square distance from the mean.",
    "inverse": "One over the standard deviation; ε keeps the root away from 0.",
    "dx": "Through x itself, minus what x changed through the mean, minus what it changed through the variance.",
    "dγ": "γ was used with weight x̂ everywhere.", "dβ": "β was used with weight 1 everywhere.",
}  # fmt: skip

BATCHNORM = Reading(
    axes={"x": "n * c", "y": "n * c", "x̂": "n * c", "γ": "c", "β": "c", "μ": "c", "v": "c", "inverse": "c",
          "mean_dy": "c", "mean_dy_x_hat": "c"},
    equations={
        "μ": "μ_c = mean_n x_{n,c}", "v": "v_c = mean_n (x_{n,c} − μ_c)^2",
        "inverse": "inverse_c = frac{1}{sqrt{v_c + ε}}",
        "x̂": "x̂_{n,c} = (x_{n,c} − μ_c) · inverse_c", "y": "y_{n,c} = γ_c x̂_{n,c} + β_c",
        "dβ": "∂β_c = Σ_n ∂y_{n,c}", "dγ": "∂γ_c = Σ_n ∂y_{n,c} x̂_{n,c}",
        "dx": "∂x_{n,c} = frac{γ_c}{sqrt{v_c + ε}} q_{n,c}\n"
        "q_{n,c} = ∂y_{n,c} − mean_n ∂y_{n,c} − x̂_{n,c} mean_n(∂y_{n,c} x̂_{n,c})",
        "dmean_dy": "mean_n ∂y_{n,c}", "dmean_dy_x_hat": "mean_n(∂y_{n,c} x̂_{n,c})",
    },
    notes={**NOTES, "μ": "The mean of one channel over the batch.",
           "dmean_dy": "How much all of the channel pull the same way.",
           "dmean_dy_x_hat": "How much all of the channel pull apart."},
    names=NAMES,
)  # fmt: skip

LAYERNORM = Reading(
    axes={"x": "n * d", "y": "n * d", "x̂": "n * d", "γ": "d", "β": "d", "centred": "n * d", "v": "n * s",
          "inverse": "n * s", "mean_g": "n * s", "mean_g_x_hat": "n * s"},
    equations={
        "centred": "x_{n,d} − mean_d x_{n,d}", "v": "v_n = mean_d (x_{n,d} − μ_n)^2",
        "inverse": "inverse_n = frac{1}{sqrt{v_n + ε}}",
        "x̂": "x̂_{n,d} = (x_{n,d} − μ_n) · inverse_n", "y": "y_{n,d} = γ_d x̂_{n,d} + β_d",
        "dβ": "∂β_d = Σ_n ∂y_{n,d}", "dγ": "∂γ_d = Σ_n ∂y_{n,d} x̂_{n,d}",
        "dx̂": "g_{n,d} = ∂x̂_{n,d} = γ_d ∂y_{n,d}",
        "dx": "∂x_{n,d} = inverse_n q_{n,d}\nq_{n,d} = g_{n,d} − mean_d g_{n,d} − x̂_{n,d} mean_d(g_{n,d} x̂_{n,d})",
        "dmean_g": "mean_d g_{n,d}", "dmean_g_x_hat": "mean_d(g_{n,d} x̂_{n,d})",
    },
    notes={**NOTES, "centred": "The mean of the row is taken away.", "dx̂": "x̂ was used with weight γ.",
           "dmean_g": "How much all of the row pull the same way.",
           "dmean_g_x_hat": "How much all of the row pull apart."},
    names=NAMES,
    gradients={"x̂": "g"},
)  # fmt: skip

READINGS = {"BatchNorm": BATCHNORM, "LayerNorm": LAYERNORM}
