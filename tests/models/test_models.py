"""Ultralytics kept quiet, offline and on every core."""

import os
import subprocess
import sys

import numpy as np
import pytest

from detector.errors import UsageError
from detector.models.names import plain_names
from detector.models.predict import Predictor
from detector.models.quiet import cores, quietly, threads_for
from detector.models.weights import find_weights, fingerprint, load_model
from tests.stages.train.test_training import content
from tests.support import tiny


def alone(code, tmp_path, **environment):
    """Run code in a process of its own, with a cache of its own."""
    settings = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")} | environment
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=settings, check=False
    )


def test_measuring_says_nothing_and_leaves_nothing_behind(tmp_path):
    dataset, weights, out = tiny.dataset(tmp_path / "data"), tiny.weights(tmp_path / "w"), tmp_path / "out"
    out.mkdir()
    before = content(dataset.folder)
    code = (
        "from pathlib import Path\n"
        "from detector.data.dataset import Dataset; from detector.models.validate import seen_on\n"
        f"split = Dataset(Path({str(dataset.folder)!r})).on('test')\n"
        f"seen_on(Path({str(weights)!r}), split, Path('out'), lambda _: None)\n"
    )
    done = alone(code, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert content(dataset.folder) == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"cache", "data", "out", "w"}
    assert [entry.name for entry in out.iterdir()] == ["ultralytics.log"]
    assert "Speed:" in (out / "ultralytics.log").read_text()


def test_weights_that_cannot_be_fetched_now(tmp_path):
    code = (
        "from pathlib import Path; from detector.models.weights import find_weights\n"
        "try: find_weights('yolo26n.pt', Path('log'))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = alone(code, tmp_path, HTTPS_PROXY="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")
    assert done.stdout.startswith("TryAgain yolo26n.pt could not be downloaded ("), done.stderr
    assert "go online for this once, or set the model to weights" in done.stdout
    assert not list((tmp_path / "cache").rglob("*.pt"))


def test_fetched_weights_are_taken_from_the_cache(tmp_path):
    stored = tmp_path / "cache/detector/weights/yolo26n.pt"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"weights")
    imports = "from pathlib import Path; from detector.models.weights import find_weights"
    code = f"{imports}; print(find_weights('yolo26n.pt', Path('log')))"
    assert alone(code, tmp_path).stdout.strip() == str(stored)


def test_a_name_that_nobody_published(tmp_path):
    with pytest.raises(UsageError, match=r"yolo26nn\.pt is neither a file here .* did you mean yolo26n\.pt\?"):
        find_weights("yolo26nn.pt", tmp_path / "log")
    with pytest.raises(UsageError, match=r"here/best\.pt were not found"):
        find_weights("here/best.pt", tmp_path / "log")


def test_nothing_is_fetched_unasked(tmp_path):
    with quietly(tmp_path / "log"):
        from ultralytics import YOLO
        from ultralytics.utils.checks import check_font

        with pytest.raises(ConnectionError, match="nothing is fetched unasked"):
            YOLO("yolo26x.pt")
        assert check_font("Arial.ttf").is_file()


def test_every_core_is_used(tmp_path):
    with quietly(tmp_path / "log"):
        import torch
        from ultralytics.utils.torch_utils import select_device

        select_device("cpu")
        assert torch.get_num_threads() == cores()


def test_what_is_no_model_is_refused(tmp_path):
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"not a checkpoint")
    with quietly(tmp_path / "log"), pytest.raises(UsageError, match=r"broken\.pt can't be loaded as a model"):
        load_model(broken)


class Trap:
    """Its pickle runs a command where it is loaded."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    import torch

    sprung = tmp_path / "sprung"
    one = torch.load(tiny.weights(tmp_path / "one"), weights_only=False)
    torch.save(one | {"optimizer": Trap(sprung)}, tmp_path / "trap.pt")
    with quietly(tmp_path / "log"), pytest.raises(UsageError, match=r"trap\.pt can't be loaded as a model"):
        load_model(tmp_path / "trap.pt")
    assert not sprung.exists()
    torch.load(tmp_path / "trap.pt", weights_only=False)
    assert sprung.exists()


def test_a_fingerprint_is_of_what_was_learned(tmp_path):
    import torch

    one, other = tiny.weights(tmp_path / "one", seed=1), tiny.weights(tmp_path / "other", seed=2)
    again = torch.load(one, weights_only=False) | {"date": "another"}
    torch.save(again, tmp_path / "again.pt")
    assert fingerprint(one) == fingerprint(tmp_path / "again.pt") != fingerprint(other)


def test_predictions_are_normalised_in_order_and_none_depends_on_its_neighbours(tmp_path):
    weights, chance = tiny.weights(tmp_path / "w"), np.random.default_rng(0)
    sizes = [(40, 64), (40, 64), (64, 64), (40, 64), (32, 96)]
    pictures = [chance.integers(0, 255, (*size, 3), np.uint8) for size in sizes]
    predictor = Predictor(weights, 0.001, tmp_path / "log")
    together = list(predictor(pictures))
    alone = [objects for picture in pictures for objects in predictor([picture])]
    assert len(together) == len(pictures)
    assert any(len(objects.scores) for objects in together)
    for objects, same in zip(together, alone, strict=True):
        assert objects.polygons is None
        assert list(objects.scores) == sorted(objects.scores, reverse=True)
        assert ((objects.boxes >= 0) & (objects.boxes <= 1)).all()
        np.testing.assert_allclose(objects.boxes, same.boxes, atol=1e-4)


def test_plain_names():
    both = {"metrics/mAP50(B)": 0.5, "metrics/mAP50(M)": 0.25, "fitness": 1.0, "val/box_loss": 2.0}
    assert plain_names(both, "segment") == {"box/mAP50": 0.5, "mAP50": 0.25}
    assert plain_names({"metrics/mAP50-95(B)": 0.5}, "detect") == {"mAP50-95": 0.5}


def test_a_small_step_takes_one_thread_and_a_large_one_all(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    with quietly(tmp_path / "log"):
        network = load_model("yolo11n.yaml").model
        assert threads_for(network, sides=(64, 64), batch=2) == 1
        assert threads_for(network, sides=(640, 640), batch=16) == 4


def test_what_is_printed_between_predictions_is_seen(tmp_path, capsys):
    pictures = [np.zeros((64, 64, 3), np.uint8), np.zeros((32, 64, 3), np.uint8)]
    for _ in Predictor(tiny.weights(tmp_path / "w"), 0.25, tmp_path / "log")(pictures):
        print("seen")  # noqa: T201
    assert capsys.readouterr().out == "seen\nseen\n"
