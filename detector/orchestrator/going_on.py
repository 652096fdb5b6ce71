"""What `plan` says of a run that was cut short: where the next one goes on."""

from collections.abc import Sequence

from detector.config.pipeline import Config
from detector.data.places import RUNS
from detector.orchestrator import unfinished
from detector.orchestrator.open import place_of
from detector.orchestrator.plan import Planned, results_of
from detector.stages import so_far


def going_on(config: Config, planned: Sequence[Planned]) -> tuple[str, str] | None:
    """The step at which the next run goes on, and where, as a reason is said; None where it begins anew."""
    cut_short = unfinished.find(results_of(config), RUNS)
    first = next((each for each in planned if each.why is not None), None)
    if cut_short is None or first is None:
        return None
    done = None if first.forced else so_far(first.step.backend, place_of(first, cut_short.folder))
    keys = {each.step.name: each.key for each in planned}
    if not cut_short.was_at(first.step.name, keys, also_if_it_failed=done is not None):
        return None
    return first.step.name, f"goes on{f' after {done}' if done else ''} in {cut_short.folder}"
