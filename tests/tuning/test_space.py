"""What trials try, and from where a search sets out: Ultralytics is asked what it would do by itself."""

import math

import pytest

from detector.models.quiet import quietly
from detector.stages.train._defaults import settle
from detector.stages.train._facts import facts_of
from detector.stages.train.ultralytics import Options, search
from detector.tuning import space
from tests.support import tiny


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return tiny.dataset(tmp_path_factory.mktemp("data"))


def searched(dataset, tmp_path, **options):
    with quietly(tmp_path / "log"):
        return search(Options(**options), dataset)


def test_with_no_space_what_matters_most_is_tried_around_what_is_there(dataset, tmp_path):
    options = {"optimizer": "SGD", "lr0": 0.003, "scale": 0.2, "close_mosaic": 40, "mosaic": 0.8}
    found = searched(dataset, tmp_path, epochs=50, options=options, tune={})
    assert {name: str(values) for name, values in found.space.items()} == {
        "lr0": "0.0006 to 0.015, log",
        "weight_decay": "0.0001 to 0.0025, log",
        "mosaic": "0 to 1",
        "scale": "0 to 0.6",
        "translate": "0 to 0.2",
        "hsv_v": "0.1 to 0.7",
        "close_mosaic": "0 to 40",
    }
    assert found.own == {"lr0": 0.003, "weight_decay": 0.0005, "mosaic": 0.8, "scale": 0.2, "translate": 0.1,
                         "hsv_v": 0.4, "close_mosaic": 40}  # fmt: skip
    assert space.own(found) == found.own
    assert found.beside == {}


@pytest.mark.parametrize("options", [{"scale": [0.5, 1.5]}, {"weight_decay": 0, "mosaic": 0, "translate": 0.9}])
def test_what_is_there_lies_in_the_space_or_is_left_alone(dataset, tmp_path, options):
    found = searched(dataset, tmp_path, epochs=3, options=options, tune={})
    assert ("scale" in found.space) == ("scale" not in options)
    assert space.own(found) == found.own
    assert found.own.keys() == found.space.keys()


@pytest.mark.parametrize(("epochs", "optimizer"), [(100, "AdamW"), (40000, "MuSGD")])
def test_where_the_optimizer_is_auto_a_trial_has_what_that_comes_to(dataset, tmp_path, epochs, optimizer):
    options = {"optimizer": "auto", "nbs": 64}
    search = {"space": {"lr0": {"log": ["1e-4", "1e-1"]}}}
    found = searched(dataset, tmp_path, batch=16, epochs=epochs, options=options, tune=search)
    lr0 = 0.01 if optimizer == "MuSGD" else round(0.002 * 5 / (4 + len(dataset.classes)), 6)
    assert found.own == {"lr0": lr0}
    assert found.beside == {"optimizer": optimizer, "momentum": 0.9, "warmup_bias_lr": 0.0}
    assert space.arguments(found, {"lr0": 0.0123456}) == {**found.beside, "lr0": 0.01235}


def test_what_is_derived_from_the_data_is_where_a_search_sets_out(dataset, tmp_path):
    found = searched(dataset, tmp_path, epochs=40, tune={})
    derived = settle(Options(epochs=40), facts_of(dataset), 1).derived
    assert {name: value for name, value in found.own.items() if name in derived} == {
        name: derived[name].value for name in ("lr0", "scale", "close_mosaic") if name in derived
    }
    assert space.own(found) == found.own
    assert found.beside == {}
    assert found.epochs == 40


def test_other_arguments_leave_the_optimizer_alone(dataset, tmp_path):
    assert searched(dataset, tmp_path, tune={"space": {"mosaic": {"range": [0, 1]}}}).beside == {}


def test_numbers_are_whole_where_the_argument_is(dataset, tmp_path):
    space_of = {"mosaic": {"range": [0, 1]}, "close_mosaic": {"range": [0, 9]}, "nbs": {"log": [8.0, 64]}}
    drawn = space.distributions(searched(dataset, tmp_path, tune={"space": space_of}))
    assert {name: type(each).__name__ for name, each in drawn.items()} == {
        "mosaic": "FloatDistribution",
        "close_mosaic": "IntDistribution",
        "nbs": "IntDistribution",
    }
    assert (drawn["mosaic"].low, drawn["mosaic"].high, drawn["nbs"].log) == (0, 1, True)


def test_a_choice_comes_back_as_it_was_written(dataset, tmp_path):
    choices = {"freeze": {"choice": [[0, 1], 3]}, "cos_lr": {"choice": [True, False]}}
    found = searched(dataset, tmp_path, tune={"space": choices})
    assert space.distributions(found)["freeze"].choices == ("[0, 1]", 3)
    assert space.arguments(found, {"freeze": "[0, 1]", "cos_lr": False}) == {"freeze": [0, 1], "cos_lr": False}
    assert space.own(found) is None  # by default nothing is frozen, which is none of the two


def test_what_is_trained_is_what_a_person_would_write(dataset, tmp_path):
    found = searched(
        dataset, tmp_path, options={"optimizer": "SGD"}, tune={"space": {"lr0": {"log": [1e-5, 0.012345]}}}
    )
    for drawn in (1e-5, 0.00123456789, 0.0123449, 0.012345):
        value = space.arguments(found, {"lr0": drawn})["lr0"]
        assert 1e-5 <= value <= 0.012345
        assert math.isclose(value, drawn, rel_tol=1e-3)
        assert len(f"{value:g}".replace(".", "").lstrip("0")) <= 5
