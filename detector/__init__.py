"""Declarative object-detection training: one YAML file from annotations to an engine.

From Python, `detector.run("pipeline.yaml")`, `plan`, `compare`, `predict` and `status` do what the commands do;
`Dataset`, `Evaluation` and `Run` hold what they give.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = [
    "Dataset", "DetectorError", "Evaluation", "Run", "UsageError", "compare", "plan", "predict", "run", "status",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a name when it is asked for: `import detector` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "errors" if name.endswith("Error") else "notebook"
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
