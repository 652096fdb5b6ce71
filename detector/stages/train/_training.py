"""One training: what Ultralytics is given, what is reported of every epoch, and what comes out."""

import json
from typing import Any

from detector.data.dataset import Dataset
from detector.data.trained import ImageSize, MadeFrom, Trained, sides
from detector.errors import DetectorError, UsageError
from detector.models.letters import write_names
from detector.models.names import plain_names
from detector.models.quiet import LOG, device, quietly, threads_for
from detector.models.weights import architecture, find_weights, fingerprint, load_model
from detector.stages import Job, Result
from detector.stages.services import ModelVersion
from detector.stages.train._augment import transforms
from detector.stages.train._checkpoint import checkpoint, forget_after, keep_whole
from detector.stages.train._defaults import Settings, as_json, in_a_line, settle
from detector.stages.train._facts import facts_of
from detector.stages.train._failures import Diverged, Watch, in_words
from detector.stages.train._network import SMALLEST
from detector.stages.train._options import Options
from detector.stages.train._told import documents, metrics, overfitting, parameters, size, summary
from detector.stages.train._told import network as network_of
from detector.system.files import write_whole


def train(job: Job[Options]) -> Result:
    """Train in the job's folder, and say how it went."""
    settings = _settings(job)
    try:
        with quietly(job.folder / LOG):
            write_names(job.pipeline.classes)
            trainer, used = _trained(job, settings)
    except Diverged:
        checkpoint(job.folder).unlink(missing_ok=True)  # the next run would go on to the same end
        raise
    checkpoint(job.folder).unlink(missing_ok=True)
    trained = Trained(job.folder)
    if not trained.best.exists():
        raise DetectorError(f"training gave no usable weights; {job.folder / LOG} tells why")
    figures = {
        **plain_names(trainer.metrics, job.pipeline.task),
        "best_epoch": trainer.stopper.best_epoch,
        "epochs": trainer.epoch + 1,
        "parameters": size(trainer),
    }
    made_from = _made_from(job, settings.image_size, fingerprint(trained.best))
    trained.write(made_from)
    return Result(
        path=job.folder,
        id=made_from.fingerprint,
        summary=summary(figures, trainer.device.type),
        figures=figures,
        artifacts={"train": documents(job.folder), "weights": [trained.best, trained.last]},
        notes=[*in_a_line(settings.derived), *overfitting(job.folder)],
        images=len(trainer.train_loader.dataset) * (trainer.epoch + 1 - trainer.start_epoch),
        parameters=used,
    )


def _made_from(job: Job[Options], image_size: ImageSize, learned: str) -> MadeFrom:
    version = _dataset(job).version
    classes = list(job.pipeline.classes)
    return MadeFrom(version, job.pipeline.task, classes, _model(job), image_size, learned)


def _model(job: Job[Options]) -> str:
    return job.options.model or SMALLEST[job.pipeline.task]


def _settings(job: Job[Options]) -> Settings:
    """Every option as it is written or derived; derived.json says which and why."""
    settings = settle(job.options, facts_of(_dataset(job)))
    write_whole(Trained(job.folder).derived_file, json.dumps(as_json(settings.derived), indent=1) + "\n")
    return settings


def _dataset(job: Job[Options]) -> Dataset:
    return Dataset(job.inputs["convert"].path)


def _trained(job: Job[Options], settings: Settings) -> tuple[Any, dict[str, object]]:
    """The Ultralytics trainer after its work, and the parameters that it had."""
    size = sides(settings.image_size)
    augmentations = transforms(job.options.augment, _dataset(job), size)
    network, done = _network(job, settings.epochs)
    champion = _champion(job) if not done else None
    watch, used = Watch(), _begun_with(champion)
    with job.report.progress("train", settings.epochs) as advance:

        def begin(trainer: Any) -> None:
            watch.begin(trainer)
            _use_threads(trainer, size)
            keep_whole(trainer, settings.image_size)
            used.update(parameters(trainer, settings.image_size) | network_of(trainer, _model(job), size))
            job.report.parameters(used)
            advance(done)

        def end_epoch(trainer: Any) -> None:
            watch.end_epoch(trainer)
            job.report.metrics(metrics(trainer, job.pipeline.task), step=trainer.epoch + 1)
            advance(1)

        network.add_callback("on_train_start", begin)
        network.add_callback("on_model_save", end_epoch)  # once an epoch; on_fit_epoch_end comes again after the last
        with in_words(watch):
            network.train(
                **_arguments(job, settings), augmentations=augmentations, resume=done > 0, **_pretrained(champion),
                trainer=_trainer(job, settings.image_size),
            )  # fmt: skip
    return network.trainer, used


def _use_threads(trainer: Any, size: tuple[int, int]) -> None:
    import torch

    if trainer.device.type == "cpu":
        torch.set_num_threads(threads_for(trainer.model, size, trainer.batch_size))


def _trainer(job: Job[Options], size: ImageSize) -> type[Any] | None:
    """Whose pictures have two sides; None for a square is Ultralytics' own."""
    if isinstance(size, int):
        return None
    from detector.models.fitted import fitting_trainer

    return fitting_trainer(job.pipeline.task, size)


def _network(job: Job[Options], epochs: int) -> tuple[Any, int]:
    """An Ultralytics model and how many of its epochs are done: where a training was cut short, else a fresh start."""
    if not checkpoint(job.folder).exists():
        return _fresh(job), 0
    network = load_model(checkpoint(job.folder))
    done = int(network.ckpt["epoch"]) + 1
    forget_after(done, job.folder)
    job.report.say(f"goes on after epoch {done} of {epochs}, where it was cut short")
    return network, done


def _fresh(job: Job[Options]) -> Any:
    """An Ultralytics model: weights to go on from, or an architecture with random ones."""
    model = _model(job)
    if model.endswith(".pt"):
        network = load_model(find_weights(model, job.folder / LOG))
    else:
        network = load_model(architecture(model, job.options.scale, job.folder))
    if network.task != job.pipeline.task:
        raise UsageError(f"train.model: {model} is made to {network.task}, and the task is {job.pipeline.task}")
    return network


def _champion(job: Job[Options]) -> ModelVersion | None:
    """The champion to begin with, where there is one and `warm_start` asks for it."""
    champion = job.registry.champion() if job.options.warm_start else None
    if champion is not None:
        job.report.say(f"begins with the weights of the champion, version {champion.number}")
    return champion


def _begun_with(champion: ModelVersion | None) -> dict[str, object]:
    return {} if champion is None else {"train/warm_start_version": champion.number}


def _pretrained(champion: ModelVersion | None) -> dict[str, str]:
    """Ultralytics' argument for weights to begin with.

    It takes them up once the network has this data set's classes: by name and shape, and in the head by class name.
    """
    return {} if champion is None else {"pretrained": str(champion.fetch())}


def _arguments(job: Job[Options], settings: Settings) -> dict[str, Any]:
    return settings.arguments | {
        "data": str(_dataset(job).data_yaml),
        "epochs": settings.epochs,
        "imgsz": max(sides(settings.image_size)),
        "batch": settings.batch,
        "patience": settings.patience,
        "seed": job.options.seed,
        "device": device(),
        "save_dir": str(job.folder),
    }
