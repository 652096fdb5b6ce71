"""Processes without a GPU share a training: each has a part of every batch, and all learn the same."""

import json
import math
import os
from multiprocessing import get_context

import numpy as np
import pytest

from tests.support import training


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """What two processes tell after two epochs: their images, and some of the weights that they came to."""
    from ultralytics.utils.dist import find_free_network_port  # it reads which part this is while it is imported

    folder = tmp_path_factory.mktemp("parts")
    converted = training.version(folder, "detect").path
    context, port = get_context("spawn"), find_free_network_port()
    processes = [context.Process(target=part, args=(rank, port, folder, converted)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        process.kill()
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


def part(rank, port, folder, converted):
    shared = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in shared.items()})
    from detector.models.processors import on_processors
    from detector.models.quiet import quietly
    from detector.models.weights import load_model

    def tell(trainer):
        known = trainer.model.module.state_dict()
        weights = [float(known[name].double().abs().sum()) for name in sorted(known) if name.endswith("conv.weight")]
        images, every = sorted(trainer.train_loader.sampler), len(trainer.train_loader.dataset)
        (folder / f"{rank}.json").write_text(json.dumps({"weights": weights, "images": images, "every": every}))

    with quietly(folder / f"{rank}.log"):
        network = load_model("yolo11n.yaml")
        network.add_callback("on_fit_epoch_end", tell)
        network.train(
            trainer=on_processors("detect", 2), data=str(converted / "data.yaml"), epochs=2, imgsz=64, batch=4,
            device="cpu", save_dir=str(folder / "training"), plots=False, warmup_epochs=0, mosaic=0,
        )  # fmt: skip


def test_each_has_a_part_of_the_images(parts):
    """All of them together; where they can't be shared evenly, one comes twice."""
    every = parts[0]["every"]
    assert [len(each["images"]) for each in parts] == [math.ceil(every / 2)] * 2
    assert sorted({at for each in parts for at in each["images"]}) == list(range(every))


def test_all_come_to_the_same_weights(parts):
    first, second = (np.array(each["weights"]) for each in parts)
    assert len(first) > 50
    assert np.array_equal(first, second)
