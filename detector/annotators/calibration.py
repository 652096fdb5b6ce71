"""How likely it is that a prediction of some score is right: what its evaluation found, in place of the bare score.

Isotonic regression (Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass Probability Estimates,
KDD 2002) on every prediction of the evaluated split, right where it finds an object at an overlap of 0.5.
"""

from collections.abc import Callable

import numpy as np

from detector.data.evaluation import Evaluation
from detector.data.geometry import Floats

Chance = Callable[[Floats], Floats]  # scores (N,) → the chance that each is right (N,), 0 to 1
LEAST = 20  # predictions; fewer say nothing


def calibrated(evaluation: Evaluation | None) -> Chance | None:
    """From scores to chances by what was measured; None where that is nothing, or too little."""
    if evaluation is None:
        return None
    seen = evaluation.predictions
    found = seen["found"].to_numpy()
    counts = found >= 0
    right = (found[counts] & 1).astype(np.float64)
    if len(right) < LEAST:
        return None
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(seen["score"].to_numpy()[counts], right)

    def chance(scores: Floats) -> Floats:
        return np.asarray(fitted.predict(scores), np.float64) if len(scores) else np.zeros(0)

    return chance


def uncalibrated(scores: Floats) -> Floats:
    """The scores themselves."""
    return scores
