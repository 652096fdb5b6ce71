"""One training, from its options to what comes out."""

import json

from detector.data.dataset import Dataset
from detector.data.epochs import table_of
from detector.data.trained import ImageSize, MadeFrom, Trained
from detector.errors import DetectorError, UsageError
from detector.models.quiet import LOG, quietly
from detector.models.weights import architecture, find_weights, fingerprint
from detector.stages import Job, Result
from detector.stages.services import ModelVersion
from detector.stages.train._checkpoint import checkpoint
from detector.stages.train._defaults import Settings, as_json, in_a_line, settle
from detector.stages.train._devices import devices
from detector.stages.train._facts import facts_of
from detector.stages.train._failures import Diverged
from detector.stages.train._learning import Learned, Learning, learn
from detector.stages.train._network import model_of
from detector.stages.train._options import Options
from detector.stages.train._together import learn_together
from detector.stages.train._told import documents, overfitting, summary
from detector.system.files import write_whole


def train(job: Job[Options]) -> Result:
    """Train in the job's folder, and say how it went."""
    places = devices(job.options.device)
    settings = _settings(job, len(places))
    if settings.batch % len(places):
        raise UsageError(f"train.batch is {settings.batch}, and {len(places)} GPUs can't share that; set a multiple")
    try:
        learned = _learn(job, settings, places)
    except Diverged:
        checkpoint(job.folder).unlink(missing_ok=True)  # the next run would go on to the same end
        raise
    checkpoint(job.folder).unlink(missing_ok=True)
    trained = Trained(job.folder)
    if not trained.best.exists():
        raise DetectorError(f"training gave no usable weights; {job.folder / LOG} tells why")
    made_from = _made_from(job, settings.image_size, fingerprint(trained.best))
    trained.write(made_from)
    return Result(
        path=job.folder,
        id=made_from.fingerprint,
        summary=summary(learned.figures, places),
        figures=learned.figures,
        artifacts={"train": documents(job.folder), "weights": [trained.best, trained.last]},
        notes=[*in_a_line(settings.derived), *overfitting(job.folder)],
        images=learned.images,
        parameters=learned.parameters,
    )


def _learn(job: Job[Options], settings: Settings, places: list[str]) -> Learned:
    """What one process or several make of it; the champion is fetched once."""
    fresh = not checkpoint(job.folder).exists()
    if fresh:
        table_of(job.folder).unlink(missing_ok=True)  # else each of several processes would remove it
    champion = _champion(job) if fresh else None
    weights, version = (champion.fetch(), champion.number) if champion else (None, None)
    with quietly(job.folder / LOG):
        network = _begins_with(job) if fresh else str(checkpoint(job.folder))
        learning = Learning(settings, network, tuple(places), weights, version)
        return learn_together(job, learning) if len(places) > 1 else learn(job, learning)


def _begins_with(job: Job[Options]) -> str:
    """The file of weights, or of an architecture, which has random ones."""
    model = model_of(job.options.model, job.pipeline.task)
    if model.endswith(".pt"):
        return str(find_weights(model, job.folder / LOG))
    return architecture(model, job.options.scale, job.folder)


def _made_from(job: Job[Options], image_size: ImageSize, learned: str) -> MadeFrom:
    version, pipeline = Dataset(job.inputs["convert"].path).version, job.pipeline
    model = model_of(job.options.model, pipeline.task)
    return MadeFrom(version, pipeline.task, list(pipeline.classes), model, image_size, learned)


def _settings(job: Job[Options], devices: int) -> Settings:
    """Every option as it is written or derived; derived.json says which and why."""
    settings = settle(job.options, facts_of(Dataset(job.inputs["convert"].path)), devices)
    write_whole(Trained(job.folder).derived_file, json.dumps(as_json(settings.derived), indent=1) + "\n")
    return settings


def _champion(job: Job[Options]) -> ModelVersion | None:
    """The champion to begin with, where there is one and `warm_start` asks for it."""
    champion = job.registry.champion() if job.options.warm_start else None
    if champion is not None:
        job.report.say(f"begins with the weights of the champion, version {champion.number}")
    return champion
