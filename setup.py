from pathlib import Path

from setuptools import find_packages, setup

EXTRAS = {
    "cuda12": ["cupy-cuda12x[ctk]>=14.0.1,<15"],
    "cuda13": ["cupy-cuda13x[ctk]>=14.0.1,<15"],
    "lessons": ["matplotlib>=3.9", "jupytext>=1.16", "nbclient>=0.10", "ipykernel>=6.29", "latex2mathml>=3.77",
                "mdit-py-plugins>=0.4"],
    "bench": ["matplotlib>=3.9"],
    "test": ["pytest>=8", "hypothesis>=6.100"],
    "browser": ["pytest>=8", "playwright>=1.40"],
    "oracle": ["torch>=2.4", "pytest>=8", "hypothesis>=6.100"],
}

setup(
    name="tinymm",
    version="0.1.0",
    description="A multimodal video model by hand: every layer's forward and backward pass in NumPy and CuPy",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10",
    packages=[*find_packages(include=["tinymm", "tinymm.*"]), "tinymm.lessons.files"],
    package_dir={"tinymm.lessons.files": "lessons"},
    package_data={
        "tinymm.engines.gpu.kernels": ["*.cu", "*.cuh"],
        "tinymm.viewer": ["web/*"],
        "tinymm.lessons.files": ["*.py", "*.ipynb"],
        "tinymm.exercises": ["starters/*.py"],
    },
    install_requires=["numpy>=2.0", "scipy>=1.13", "imageio>=2.34", "av>=13", "rich>=13", "safetensors>=0.4", "threadpoolctl>=3.1"],
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["tinymm = tinymm.cli:main"]},
)
