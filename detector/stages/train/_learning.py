"""What Ultralytics is given to learn: in one process, or in each of several."""

from pathlib import Path
from typing import Any, NamedTuple

from detector.data.dataset import Dataset
from detector.data.trained import ImageSize, sides
from detector.errors import UsageError
from detector.models.letters import write_names
from detector.models.names import plain_names
from detector.models.weights import load_model
from detector.stages import Job
from detector.stages.train._augment import transforms
from detector.stages.train._checkpoint import checkpoint, forget_after
from detector.stages.train._defaults import Settings
from detector.stages.train._devices import CPU
from detector.stages.train._epochs import Epochs
from detector.stages.train._failures import Watch, in_words
from detector.stages.train._network import model_of
from detector.stages.train._options import Options
from detector.stages.train._told import size


class Learning(NamedTuple):
    """What a training is done with.

    network: the file that it begins with, a checkpoint where it was cut short; devices: by the names that Ultralytics
    has for them; pretrained, version: the champion's weights, where it begins with those.
    """

    settings: Settings
    network: str
    devices: tuple[str, ...]
    pretrained: Path | None = None
    version: str | None = None


class Learned(NamedTuple):
    """What a training says of itself: figures, images that it went through, and the parameters that it had."""

    figures: dict[str, float]
    images: int
    parameters: dict[str, object]


def learn(job: Job[Options], learning: Learning) -> Learned:
    """Train in the job's folder, where there is a checkpoint from there on.

    Of several processes each does this; the first one keeps the weights, and has something to say.
    """
    settings, leads = learning.settings, _leads()
    write_names(job.pipeline.classes)
    dataset = Dataset(job.inputs["convert"].path)
    augmentations = transforms(job.options.augment, dataset, sides(settings.image_size))
    network, done = _network(job, learning, leads)
    with job.report.progress("train", settings.epochs) as advance:
        epochs = Epochs(job, settings.image_size, learning.devices, advance, Watch(), _begun_with(learning.version))
        advance(done)
        network.add_callback("on_train_start", epochs.begin if leads else epochs.follow)
        network.add_callback("on_model_save", epochs.end)  # once an epoch; on_fit_epoch_end comes again after the last
        with in_words(epochs.watch):
            network.train(
                **_arguments(job, learning, dataset), augmentations=augmentations, resume=done > 0,
                trainer=_trainer(job, settings.image_size, learning.devices),
            )  # fmt: skip
    return _learned(network.trainer, job, epochs.parameters) if leads else Learned({}, 0, {})


def _leads() -> bool:
    """Whether this process is the only one, or the first."""
    from ultralytics.utils import RANK

    return RANK in {-1, 0}


def _learned(trainer: Any, job: Job[Options], used: dict[str, object]) -> Learned:
    figures = {
        **plain_names(trainer.metrics, job.pipeline.task),
        "best_epoch": trainer.stopper.best_epoch,
        "epochs": trainer.epoch + 1,
        "parameters": size(trainer),
    }
    return Learned(figures, len(trainer.train_loader.dataset) * (trainer.epoch + 1 - trainer.start_epoch), used)


def _trainer(job: Job[Options], size: ImageSize, devices: tuple[str, ...]) -> type[Any] | None:
    """Ultralytics' own where that is all: None. Pictures with two sides, and several CPUs, it does not know."""
    trainer: type[Any] | None = None
    if not isinstance(size, int):
        from detector.models.fitted import fitting_trainer

        trainer = fitting_trainer(job.pipeline.task, size)
    if CPU in devices and len(devices) > 1:
        from detector.models.processors import on_processors

        trainer = on_processors(job.pipeline.task, len(devices), trainer)
    return trainer


def _network(job: Job[Options], learning: Learning, leads: bool) -> tuple[Any, int]:
    """An Ultralytics model, and how many of its epochs are done."""
    network = load_model(learning.network)
    if network.task != job.pipeline.task:
        model = model_of(job.options.model, job.pipeline.task)
        raise UsageError(f"train.model: {model} is made to {network.task}, and the task is {job.pipeline.task}")
    if not checkpoint(job.folder).exists():
        return network, 0
    done = int(network.ckpt["epoch"]) + 1
    if leads:
        forget_after(done, job.folder)
        job.report.say(f"goes on after epoch {done} of {learning.settings.epochs}, where it was cut short")
    return network, done


def _begun_with(version: str | None) -> dict[str, object]:
    return {} if version is None else {"train/warm_start_version": version}


def _arguments(job: Job[Options], learning: Learning, dataset: Dataset) -> dict[str, Any]:
    """What the network is trained with.

    `pretrained` are weights to begin with, taken up once the network has this data set's classes: by name and shape,
    and in the head by class name.
    """
    settings = learning.settings
    begins = {"pretrained": str(learning.pretrained)} if learning.pretrained else {}
    return settings.arguments | begins | {
        "data": str(dataset.data_yaml),
        "epochs": settings.epochs,
        "imgsz": max(sides(settings.image_size)),
        "batch": settings.batch,
        "patience": settings.patience,
        "seed": job.options.seed,
        "device": CPU if CPU in learning.devices else ",".join(learning.devices),
        "save_dir": str(job.folder),
    }  # fmt: skip
