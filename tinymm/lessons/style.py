"""How the figures of all lessons look: ``plt.style.use(STYLE)``. The colours are Okabe and Ito's, safe for colour-blind eyes."""

BLUE, ORANGE, GREEN, RED, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#7f7f7f"

STYLE = {
    "figure.figsize": (7.2, 3.4),
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "lines.linewidth": 1.9,
    "legend.frameon": False,
    "image.cmap": "viridis",
    "image.interpolation": "nearest",
    "axes.prop_cycle": "cycler('color', ['0072b2', 'e69f00', '009e73', 'd55e00', '7f7f7f', '56b4e9', 'cc79a7'])",
}
