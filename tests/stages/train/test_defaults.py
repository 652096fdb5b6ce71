"""What is left out of `train` is derived from the data: the facts of a version, and the rules."""

import json

import cv2
import numpy as np
import pytest

from detector.data.dataset import Dataset
from detector.stages.train._colour import Colours, colours_of
from detector.stages.train._defaults import settle
from detector.stages.train._facts import Facts, facts_of
from detector.stages.train._options import Options
from tests.support import training

USUAL = Facts(images=150, pixels=1920, median=0.15, small=0.1, spread=0.2)


def settled(facts=USUAL, **options):
    return settle(Options(**{"model": "yolo11n.yaml"} | options), facts, 1)


def test_the_facts_are_those_of_the_train_split(tmp_path):
    dataset = Dataset(training.version(tmp_path, "detect").path)
    rows = [row for row in dataset.images.to_pylist() if row["split"] == "train"]
    numbers = {number for number, row in enumerate(dataset.images.to_pylist()) if row["split"] == "train"}
    sides = sorted(
        (row["width"] * row["height"] * image["width"] * image["height"]) ** 0.5 / max(image["width"], image["height"])
        for row in dataset.instances.to_pylist()
        if row["image"] in numbers
        for image in [dataset.images.slice(row["image"], 1).to_pylist()[0]]
    )
    facts = facts_of(dataset)
    assert (facts.images, facts.pixels) == (len(rows), 320)
    middle = len(sides) // 2
    assert sides[middle - 1] <= facts.median <= sides[middle]
    assert sides[0] <= facts.small <= facts.median
    assert 0.05 < facts.spread < 0.5


def test_colours_are_those_of_the_pictures(tmp_path):
    """Of one hue, with a brightness that is halved from one to the next and a saturation that is not."""
    light = [200 / 2 ** (at % 3) for at in range(24)]
    places = [tmp_path / f"{at}.png" for at in range(24)]
    for place, value in zip(places, light, strict=True):
        cv2.imwrite(str(place), cv2.cvtColor(np.full((64, 64, 3), (90, 120, value), np.uint8), cv2.COLOR_HSV2BGR))
    found = colours_of(places)
    assert found.brightness == pytest.approx(np.log(light).std(), abs=0.01)
    assert found.saturation < 0.02
    places[0].write_bytes(b"no picture")
    assert colours_of(places).brightness == pytest.approx(found.brightness, abs=0.05)
    assert colours_of(places[:9]) is None


class TestTheStagesOwn:
    @pytest.mark.parametrize(("images", "epochs", "batch"), [(143, 28, 4), (20, 10, 4), (300, 28, 8), (9000, 28, 16)])
    def test_batch_leaves_a_thousand_steps(self, images, epochs, batch):
        assert settled(USUAL._replace(images=images), epochs=epochs).batch == batch

    def test_the_reason_for_a_batch_is_of_the_epochs_that_are_trained(self):
        settings = settled()
        assert (settings.batch, settings.epochs) == (16, 107)
        assert settings.derived["batch"].why == "1,070 steps with 107 epochs of 150 images"

    @pytest.mark.parametrize(("images", "epochs"), [(1, 300), (20, 200), (50, 100), (100_000, 100)])
    def test_few_images_are_seen_more_often(self, images, epochs):
        assert settled(USUAL._replace(images=images), batch=4).epochs == epochs

    @pytest.mark.parametrize(
        ("small", "pixels", "size"),
        [(0.1, 1920, 640), (0.02, 1920, 800), (0.002, 4000, 1280), (0.02, 700, 704), (0.1, 320, 320), (0, 1920, 640)],
    )
    def test_images_are_larger_for_small_objects_and_no_larger_than_they_are(self, small, pixels, size):
        assert settled(USUAL._replace(small=small, pixels=pixels)).image_size == size

    def test_no_images_are_no_reason_to_fail(self):
        assert settle(Options(), Facts(0, 0, 0.0, 0.0, 0.0), 1).batch == 4


def test_what_is_written_stands_and_is_not_said_to_be_derived():
    written = {"epochs": 3, "batch": 5, "image_size": 96, "patience": 0}
    settings = settled(**written, options={"nbs": 64, "mosaic": 1.0, "scale": 0.9, "optimizer": "SGD"})
    assert (settings.epochs, settings.batch, settings.image_size, settings.patience) == (3, 5, 96, 0)
    assert settings.arguments | {"nbs": 64, "mosaic": 1.0, "scale": 0.9, "optimizer": "SGD"} == settings.arguments
    assert not set(settings.derived) & {*written, "nbs", "mosaic", "scale", "optimizer"}


class TestArguments:
    def test_every_batch_is_a_step(self):
        assert settled(batch=6).arguments["nbs"] == 6

    def test_a_written_optimizer_keeps_its_own_rate(self):
        assert {"lr0", "momentum", "warmup_bias_lr"}.isdisjoint(settled(options={"optimizer": "SGD"}).arguments)
        assert settled(options={"lr0": 0.02}).arguments["lr0"] == 0.02

    def test_the_optimizer_is_by_the_number_of_steps(self):
        assert settled(epochs=50).arguments["optimizer"] == "AdamW"
        assert settled(USUAL._replace(images=50_000), epochs=50).arguments["optimizer"] == "MuSGD"

    def test_weights_that_have_learned_are_changed_more_slowly(self):
        rates = [settled(**each).arguments["lr0"] for each in ({}, {"model": "a.pt"}, {"warm_start": True})]
        assert rates[0] > rates[1] == rates[2]

    def test_mosaic_is_for_objects_that_can_be_halved(self):
        assert settled(image_size=160, epochs=20).arguments["close_mosaic"] == 10
        small = settled(USUAL._replace(median=0.07), image_size=160)
        assert small.arguments["mosaic"] == 0
        assert "close_mosaic" not in small.arguments

    @pytest.mark.parametrize(("spread", "scale"), [(0.0, 0.1), (0.23, 0.23), (2.0, 0.5)])
    def test_scale_is_as_sizes_differ(self, spread, scale):
        assert settled(USUAL._replace(spread=spread)).arguments["scale"] == scale

    @pytest.mark.parametrize(
        ("colours", "gains"), [((0.01, 0.0), (0.1, 0.1)), ((0.1, 0.2), (0.17, 0.35)), ((0.5, 1.0), (0.4, 0.7))]
    )
    def test_colours_are_changed_as_much_as_they_differ(self, colours, gains):
        arguments = settled(USUAL._replace(colours=Colours(*colours))).arguments
        assert (arguments["hsv_v"], arguments["hsv_s"]) == gains

    def test_too_few_images_say_nothing_of_colours(self):
        assert {"hsv_v", "hsv_s"}.isdisjoint(settled().arguments)

    def test_images_that_fit_are_kept_in_memory(self):
        assert settled().arguments["cache"] == "ram"
        assert "cache" not in settled(USUAL._replace(images=10_000_000)).arguments

    def test_warm_up_is_a_twentieth_of_the_steps(self):
        settings = settled(USUAL._replace(images=400), batch=4, epochs=50)
        assert settings.arguments["warmup_epochs"] == 2.5
        assert settled(USUAL._replace(images=20), batch=4, epochs=10).arguments["warmup_epochs"] == 4
        assert settled(USUAL._replace(images=20), batch=4, epochs=4).arguments["warmup_epochs"] == 2  # half of them


def test_a_training_uses_them_and_says_why(tmp_path):
    converted = training.version(tmp_path, "detect")
    report = training.Recorded()
    left_out = {"batch": None, "patience": None, "options": {"plots": False}}
    result = training.train(tmp_path, "detect", converted, report, epochs=1, **left_out)
    expected = settle(
        Options(model="yolo11n.yaml", epochs=1, image_size=training.SIZE, options={"plots": False}),
        facts_of(Dataset(converted.path)),
        1,
    )
    assert expected.derived.keys() >= {"batch", "patience", "nbs", "optimizer", "lr0", "scale", "cache"}
    used = {name.removeprefix("train/"): value for name, value in report.used.items()}
    assert {name: used[name] for name in expected.derived} == {n: each.value for n, each in expected.derived.items()}
    [told] = [file for file in result.artifacts["train"] if file.name == "derived.json"]
    assert json.loads(told.read_text()) == {name: each._asdict() for name, each in expected.derived.items()}
    [note] = result.notes
    assert note.startswith("derived from the data: batch 4, optimizer AdamW, lr0 0.004 and ")
