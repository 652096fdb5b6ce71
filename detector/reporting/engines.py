"""What was measured of an engine, as a row of a table: in the report, and for `detector engines`."""

from collections.abc import Mapping

METRIC = "mAP50-95"
Figures = Mapping[str, float | None]


def cells(figures: Figures) -> dict[str, str]:
    """Title and text of each column; empty where it was not measured. Those of a checkpoint fill one."""
    return {
        "MB": _number(figures, "megabytes", ".1f"),
        METRIC: _interval(figures, METRIC, f"interval/{METRIC}"),
        "below the checkpoint": _interval(figures, "drop", "drop"),
        "ms p50": _number(figures, "milliseconds/p50", ".2f"),
        "p95": _number(figures, "milliseconds/p95", ".2f"),
        "images/s": _number(figures, "best/images_per_second", ".0f"),
        "in batches of": _number(figures, "best/batch", ".0f"),
    }


def _interval(figures: Figures, name: str, ends: str) -> str:
    value, low, high = (figures.get(key) for key in (name, f"{ends}/low", f"{ends}/high"))
    if value is None:
        return ""
    return f"{value:z.3f}" if low is None or high is None else f"{value:z.3f} [{low:z.3f}, {high:z.3f}]"


def _number(figures: Figures, name: str, form: str) -> str:
    value = figures.get(name)
    return "" if value is None else format(value, form)
