"""The kinds of mistake, how many there are of each, and what each costs."""

from typing import Any

from detector.data.evaluation import Evaluation
from detector.measure.mistakes import KINDS


def mistakes(evaluation: Evaluation | None) -> dict[str, Any] | None:
    """A row for each kind, the dearest first; None where nothing was measured."""
    if evaluation is None or not evaluation.measured.mistakes:
        return None
    measured = evaluation.measured
    dearest = max((kind["cost"] for kind in measured.mistakes.values()), default=0.0) or 1.0
    most = max((kind["count"] for kind in measured.mistakes.values()), default=0) or 1
    rows = [
        {
            "name": KINDS.get(name, name),
            "count": round(kind["count"]),
            "cost": kind["cost"],
            "count_share": round(100 * kind["count"] / most, 1),
            "cost_share": round(100 * kind["cost"] / dearest, 1),
        }
        for name, kind in sorted(measured.mistakes.items(), key=lambda item: -item[1]["cost"])
    ]
    return {"rows": rows, "score": measured.score}
