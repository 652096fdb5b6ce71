"""Which study a pipeline's search is on, and what it has come to: `run` and `plan` tell, `detector tune` does it."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from detector.config.pipeline import Config, Step
from detector.orchestrator.closure import code_of
from detector.stages import Result
from detector.system.installed import version_of

if TYPE_CHECKING:
    from detector.data.studies import Study

APPLY = "detector tune --apply"


def step_of(config: Config, stage: str) -> Step:
    """The step of a stage that there is one of."""
    return next(step for step in config.steps if step.stage == stage)


def wanted(config: Config) -> Any:
    """The section `train.tune`; None where there is none."""
    return getattr(step_of(config, "train").options, "tune", None)


def key_of(config: Config, converted: Result) -> str:
    """12 hex digits that stand for what a study searches on; with more trials, it is the same study."""
    train = step_of(config, "train")
    options = train.options.model_dump(mode="json", exclude={"tune"})
    tune = wanted(config).model_dump(mode="json")
    parts = {
        "dataset": converted.path.name,
        "task": config.task,
        "classes": list(config.classes),
        "options": options,
        "space": tune["space"],
        "metric": metric_of(config),
        "rules": code_of("detector.stages.train._defaults"),  # they derive what the options leave open
        "libraries": {name: version_of(name) for name in train.backend.LIBRARIES[:1]},  # it has the other defaults
    }
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def metric_of(config: Config) -> str:
    """What decides between two models: as `promote` does."""
    return str(step_of(config, "promote").options.model_dump()["metric"])


def studied(config: Config, converted: Result | None) -> "Study | None":
    """What the search has come to on this dataset version; None where there is no search, or no trial yet."""
    if wanted(config) is None or converted is None:
        return None
    from detector.data import studies  # only those who search need it

    return studies.read(config.name, key_of(config, converted))


def planned(config: Config, converted: Result | None) -> dict[str, Any] | None:
    """What `detector tune` would do; None where the file asks for no search."""
    tune = wanted(config)
    if tune is None:
        return None
    study = studied(config, converted)
    key = key_of(config, converted) if converted else None
    finished = study.finished if study else 0
    verdict = study.verdict.why if study and study.verdict and finished >= tune.trials else None
    return {"study": key, "trials": tune.trials, "finished": finished, "verdict": verdict}


def line(plan: dict[str, Any]) -> str:
    """The same for a person."""
    if plan["verdict"]:
        return f"decided: {plan['verdict']}"
    done = f"{plan['finished']} of {plan['trials']} trials are finished" if plan["finished"] else "no trial yet"
    return f"{done}; `detector tune` does them, and a run never"


def not_applied(config: Config, converted: Result | None) -> tuple[str, str] | None:
    """A title and what to do, where a search has found better arguments than the pipeline has."""
    study = studied(config, converted)
    if study is None or study.verdict is None or study.verdict.winner is None:
        return None
    return "tune", f"{study.verdict.why}: `{APPLY}` writes it into the file"
