"""Datasets of FiftyOne in a real database, curated by hand, and folders that its own importers read."""

import json
import os

import numpy as np
import pytest

from detector.browse.database import connected
from detector.data.annotations import read
from detector.data.masks import decode_rle
from detector.errors import TryAgain, UsageError
from detector.stages import load
from detector.stages.pull._fiftyone import kept
from detector.stages.pull._fiftyone.kinds import CLASSES as KINDS
from tests.support import formats
from tests.support.exports import CLASSES, picture
from tests.support.formats import truth, write_json
from tests.support.jobs import Pipeline, make_job

BACKEND = load("pull", "fiftyone")
DETECT, SEGMENT = (Pipeline("tests", task, CLASSES) for task in ("detect", "segment"))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "fiftyone"


@pytest.fixture(scope="module", autouse=True)
def database(place):
    with connected(place) as fiftyone:
        yield fiftyone


@pytest.fixture
def pull(tmp_path, place):
    def pulled(pipeline=DETECT, **options):
        given = BACKEND.Options(**options)
        more = {"datasets": tmp_path / "datasets", "folder": tmp_path / "run", "fiftyone": place}
        return BACKEND.run(make_job(given, pipeline, {}, **more))

    return pulled


@pytest.fixture
def dataset(database, tmp_path):
    """Two cars and a person on three pictures, a background, and one that nobody has labelled."""
    made = database.Dataset(f"hand-{tmp_path.name}", persistent=True)
    labels = [[("car", 0.1), ("person", 0.5)], [("car", 0.2)], [], None]
    for at, on in enumerate(labels):
        file = picture(tmp_path / f"pictures/{at}.png", formats.SIZE)
        detections = [database.Detection(label=label, bounding_box=[x, 0.1, 0.2, 0.3]) for label, x in on or []]
        sample = database.Sample(str(file), tags=[["train", "good"], ["validation"], ["test"], []][at], camera=f"c{at}")
        sample["truth"] = None if on is None else database.Detections(detections=detections)
        sample["weather"] = database.Classification(label="rain")
        made.add_sample(sample)
    return made


def drawn(result):
    return read(result.path)


def test_a_dataset_comes_out_as_it_went_in(dataset, pull, tmp_path):
    tables = drawn(pull(dataset=dataset.name))
    images = tables.images.to_pylist()
    assert [row["source"] for row in images] == [str(tmp_path / f"pictures/{at}.png") for at in range(4)]
    assert [row["status"] for row in images] == ["annotated", "annotated", "background", "excluded"]
    splits = [{"split": split} for split in ("train", "val", "test")]
    expected = [{"camera": f"c{at}", "weather": "rain"} | split for at, split in enumerate([*splits, {}])]
    assert [json.loads(row["data"]) for row in images] == expected
    boxes = [(row["image"], row["labels"], row["x"], row["y"], row["width"]) for row in tables.regions.to_pylist()]
    assert boxes == [
        (0, ["car"], pytest.approx(10), pytest.approx(10), pytest.approx(20)),
        (0, ["person"], pytest.approx(50), pytest.approx(10), pytest.approx(20)),
        (1, ["car"], pytest.approx(20), pytest.approx(10), pytest.approx(20)),
    ]
    assert [(row["reason"], row["task_id"]) for row in tables.losses.to_pylist()] == [("unlabelled", 4)]


def test_what_was_curated_comes_back_by_a_saved_view(dataset, pull):
    from fiftyone import ViewField as F

    dataset.save_view("good cars", dataset.match_tags("good").filter_labels("truth", F("label") == "car"))
    tables = drawn(pull(dataset=dataset.name, view="good cars"))
    assert (tables.images.num_rows, tables.regions["labels"].to_pylist()) == (1, [["car"]])


def edits(dataset, fiftyone):
    """Everything that a person may do to a dataset, in the App or by hand; each is a change."""

    def relabel():
        sample = dataset.first()
        sample["truth"].detections[0].label = "person"
        sample.save()

    def move():
        boxes = dataset.values("truth.detections.bounding_box")
        boxes[1][0][0] = 0.3
        dataset.set_values("truth.detections.bounding_box", boxes)

    yield "relabel", relabel
    yield "move", move
    yield "tag a label", lambda: dataset.limit(1).tag_labels("wrong", label_fields="truth")
    yield "remove a label", lambda: dataset.delete_labels(tags="wrong")
    yield "tag a sample", lambda: dataset.limit(1).tag_samples("seen")
    yield "remove a sample", lambda: dataset.delete_samples(dataset.limit(1))
    yield "add a sample", lambda: dataset.add_sample(fiftyone.Sample("/nowhere/new.png"))
    yield "rename a field", lambda: dataset.rename_sample_field("truth", "boxes")
    yield "save a view", lambda: dataset.save_view("one", dataset.limit(1))


def test_every_edit_is_a_change_and_looking_is_none(dataset, database, place):
    for what, edit in edits(dataset, database):
        before = kept.state_of(dataset.name, None, place)
        assert database.load_dataset(dataset.name).count() >= 4 - 1
        assert kept.state_of(dataset.name, None, place) == before
        edit()
        assert kept.state_of(dataset.name, None, place) != before, what


def test_another_definition_of_the_view_is_a_change(dataset, place):
    states = []
    for count in (1, 2):
        dataset.save_view("some", dataset.limit(count), overwrite=True)
        states.append(kept.state_of(dataset.name, "some", place))
    assert states[0] != states[1]


def test_an_edit_is_in_the_next_pull(dataset, pull):
    first = pull(dataset=dataset.name)
    sample = dataset.first()
    sample["truth"].detections[0].label = "person"
    sample.save()
    second = pull(dataset=dataset.name)
    assert first.id != second.id
    assert drawn(second).regions["labels"].to_pylist() == [["person"], ["person"], ["car"]]


def test_the_order_of_samples_says_nothing(dataset, database, pull):
    first = pull(dataset=dataset.name)
    again = database.Dataset(f"{dataset.name}-again", persistent=True)
    again.add_samples(list(reversed([sample.copy() for sample in dataset])))
    assert drawn(pull(dataset=again.name)).images.equals(drawn(first).images)


# masks and outlines


def test_masks_of_detections_and_closed_polylines_are_outlines(dataset, database, pull):
    first = dataset.first()
    mask = np.zeros((30, 40), bool)
    mask[10:20, 5:35] = True
    first["truth"].detections[0].mask = mask
    first["lines"] = database.Polylines(
        polylines=[
            database.Polyline(label="car", points=[[[0.1, 0.1], [0.3, 0.1], [0.3, 0.3]]], closed=True, filled=True),
            database.Polyline(label="car", points=[[[0.1, 0.1], [0.3, 0.1]]], closed=False, filled=False),
            database.Polyline(
                label="car", points=[[(0, 0), (0.1, 0), (0.1, 0.1)], [(0.5, 0.5), (0.6, 0.5), (0.6, 0.6)]], closed=True
            ),
        ]
    )
    first.save()
    tables = drawn(pull(SEGMENT, dataset=dataset.name, field="truth"))
    assert tables.regions["type"].to_pylist() == ["brush", "rectangle", "rectangle"]
    whole = decode_rle(tables.regions["rle"][0].as_py(), *formats.SIZE)
    expected = np.zeros((100, 200), np.uint8)
    expected[20:30, 25:55] = 1  # the box begins at 20, 10 and is as large as its mask
    assert (whole == expected).all()
    lines = drawn(pull(SEGMENT, dataset=dataset.name, field="lines"))
    assert lines.regions["type"].to_pylist() == ["polygon", "brush"]
    assert lines.regions["points"][0].as_py() == pytest.approx([10, 10, 30, 10, 30, 30])
    assert [row["reason"] for row in lines.losses.to_pylist()].count("not_a_shape") == 1
    boxes = drawn(pull(DETECT, dataset=dataset.name, field="truth"))
    assert boxes.regions["type"].to_pylist() == ["rectangle"] * 3


def test_a_mask_of_classes_is_counted(dataset, database, pull):
    last = dataset.last()
    last["classes"] = database.Segmentation(mask=np.ones((4, 4), np.uint8))
    last.save()
    tables = drawn(pull(dataset=dataset.name))
    assert [row["reason"] for row in tables.losses.to_pylist()] == ["no_shapes", "class_mask"]
    with pytest.raises(UsageError, match=r"classes is Segmentation, .*segmentations_to_detections"):
        pull(dataset=dataset.name, field="classes")


def test_labels_that_can_not_be_read_are_counted(dataset, database, pull):
    first = dataset.first()
    first["truth"].detections[0].bounding_box = [0.1, 0.2]
    first["truth"].detections[1]["iscrowd"] = 1
    first["truth"].detections.append(database.Detection(label=None, bounding_box=[0, 0, 1, 1]))
    first.save()
    tables = drawn(pull(dataset=dataset.name))
    assert [row["reason"] for row in tables.losses.to_pylist()] == ["unlabelled", "malformed_region", "crowd"]
    assert tables.regions["labels"].to_pylist() == [[], ["car"]]


def test_pictures_that_have_gone_are_counted(dataset, pull, tmp_path):
    (tmp_path / "pictures/0.png").unlink()
    reasons = [row["reason"] for row in drawn(pull(dataset=dataset.name)).losses.to_pylist()]
    assert sorted(reasons) == ["excluded_image", "excluded_image", "missing_image", "unlabelled"]


# what is said


def test_names_that_are_not_there_are_sentences(dataset, place, pull):
    near = dataset.name.replace("hand", "hant")
    with pytest.raises(UsageError, match=f"no dataset '{near}' .*did you mean {dataset.name}"):
        kept.state_of(near, None, place)
    dataset.save_view("curated", dataset.limit(1))
    with pytest.raises(UsageError, match="no saved view 'currated'; did you mean curated"):
        kept.state_of(dataset.name, "currated", place)
    with pytest.raises(UsageError, match="no field 'thruth' with Detections or Polylines; did you mean truth"):
        pull(dataset=dataset.name, field="thruth")
    dataset.clone_sample_field("truth", "model")
    with pytest.raises(UsageError, match=r"labels in several fields: truth, model; name one: pull\.field: truth"):
        pull(dataset=dataset.name)


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", TryAgain, "doesn't answer: .*refused; run again"),
        ("mongodb://localhost:99999", UsageError, "FIFTYONE_DATABASE_URI is no address of a MongoDB: Port must be"),
        ("mongodb://:x:y@@/", UsageError, "FIFTYONE_DATABASE_URI is no address of a MongoDB"),
    ],
)
def test_a_database_that_is_not_there_is_a_sentence(monkeypatch, place, address, error, message):
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", address)
    with pytest.raises(error, match=message):
        kept.state_of("any", None, place)


def test_what_holds_no_images_is_a_sentence(dataset, database, pull):
    dataset.save_view("nothing", dataset.match_tags("no such"))
    with pytest.raises(UsageError, match="the saved view 'nothing' is empty"):
        pull(dataset=dataset.name, view="nothing")
    dataset.save_view("patches", dataset.to_patches("truth"))
    with pytest.raises(UsageError, match="is of patches or frames"):
        pull(dataset=dataset.name, view="patches")
    film = database.Dataset(f"{dataset.name}-film", persistent=True)
    film.add_sample(database.Sample("/nowhere/film.mp4"))
    with pytest.raises(UsageError, match="holds video"):
        pull(dataset=film.name)
    plain = database.Dataset(f"{dataset.name}-plain", persistent=True)
    plain.add_sample(database.Sample("/nowhere/1.png"))
    with pytest.raises(UsageError, match="no field holds Detections or Polylines"):
        pull(dataset=plain.name)


# FiftyOne's own importers


def test_every_type_is_one_of_fiftyones(database):
    for name in KINDS.values():
        assert getattr(database.types, name)().get_dataset_importer_cls()


def test_coco_comes_out_as_fiftyone_imports_it(database, pull, tmp_path):
    formats.single(tmp_path / "set", truth())
    own = drawn(pull(path=tmp_path / "set"))
    imported = database.Dataset.from_dir(
        str(tmp_path / "set"), database.types.COCODetectionDataset, label_field="truth", name=tmp_path.name
    )
    imported.persistent = True
    theirs = drawn(pull(dataset=imported.name))
    sides = ["image", "x", "y", "width", "height"]
    for mine, other in zip(own.regions.to_pylist(), theirs.regions.to_pylist(), strict=True):
        assert [mine[side] for side in sides] == pytest.approx([other[side] for side in sides])
        assert mine["labels"] == other["labels"]


def exported(database, dataset, folder, kind, **more):
    dataset.match_tags(["train", "validation"]).export(
        str(folder), dataset_type=getattr(database.types, KINDS[kind]), label_field="truth", **more
    )


@pytest.mark.parametrize("kind", ["kitti", "bdd", "fiftyone_detections", "fiftyone_labels", "yolov5"])
def test_other_types_are_imported_by_fiftyone(dataset, database, pull, tmp_path, kind):
    folder = tmp_path / "set"
    exported(database, dataset, folder, kind, **({"split": "train"} if kind == "yolov5" else {}))
    before = database.list_datasets()
    result = pull(path=folder, type=kind)
    rows = drawn(result).regions.to_pylist()
    assert sorted((row["labels"][0], round(row["x"]), round(row["width"])) for row in rows) == [
        ("car", 10, 20),
        ("car", 20, 20),
        ("person", 50, 20),
    ]
    assert database.list_datasets() == before


def test_an_export_of_fiftyones_own_is_told_by_its_files(dataset, database, pull, tmp_path):
    dataset.export(str(tmp_path / "set"), dataset_type=database.types.FiftyOneDataset)
    tables = drawn(pull(path=tmp_path / "set"))
    assert tables.images["status"].to_pylist() == ["annotated", "annotated", "background", "excluded"]
    assert json.loads(tables.images["data"][1].as_py())["split"] == "val"
    assert tables.regions.num_rows == 3


def test_folders_of_splits_are_imported_one_by_one(dataset, database, pull, tmp_path):
    for split in ("train", "valid"):
        exported(database, dataset, tmp_path / "set" / split, "kitti")
    data = [json.loads(text) for text in drawn(pull(path=tmp_path / "set", type="kitti")).images["data"].to_pylist()]
    assert data == [{"split": "train"}] * 2 + [{"split": "val"}] * 2


def test_what_fiftyone_can_not_import_is_a_sentence_and_leaves_nothing(database, pull, tmp_path):
    picture(tmp_path / "set/data/a.png")
    (tmp_path / "set/labels").mkdir()
    (tmp_path / "set/labels/a.txt").write_text("car what\n")
    before = database.list_datasets()
    with pytest.raises(
        UsageError, match=r"FiftyOne can't import .*set as KITTIDetectionDataset: .*'what'; mend what it names"
    ):
        pull(path=tmp_path / "set", type="kitti")
    write_json(tmp_path / "set/labels.json", [])
    with pytest.raises(UsageError, match="FiftyOne finds no picture there as BDDDataset has them"):
        pull(path=tmp_path / "set", type="bdd")
    assert database.list_datasets() == before


@pytest.mark.parametrize("kind", ["yolov4", "yolov5"])
def test_an_importer_reads_nothing_that_a_folder_names_elsewhere(pull, tmp_path, kind):
    private = tmp_path / "private/images/a.png"
    picture(private)
    for place in ("images", "labels"):
        (tmp_path / "private" / place).mkdir(exist_ok=True)
        (tmp_path / f"private/{place}/a.txt").write_text("hunter2 hunter2 .5 .5 .5\n")
    picture(tmp_path / "set/images/train/b.png")
    (tmp_path / "set/images.txt").write_text("../private/images/a.png\n")
    (tmp_path / "set/dataset.yaml").write_text("path: .\ntrain: images.txt\nnames: [car]\n")
    with pytest.raises(UsageError, match=r"images\.txt names \.\./private/images/a\.png, which is not in") as refused:
        pull(path=tmp_path / "set", type=kind)
    assert "hunter2" not in str(refused.value)
    (tmp_path / "set/dataset.yaml").write_text("path: ../private\ntrain: images\nnames: [car]\n")
    (tmp_path / "set/images.txt").unlink()
    (tmp_path / "set/.hidden").symlink_to("../private")
    with pytest.raises(UsageError, match=r"1 link leads out of it and is not followed: \.hidden"):
        pull(path=tmp_path / "set", type=kind)
    (tmp_path / "set/.hidden").unlink()
    os.mkfifo(tmp_path / "set/images/train/b.txt")
    with pytest.raises(UsageError, match=r"b\.txt can't be read \(it is a pipe, not a file\)"):
        pull(path=tmp_path / "set", type=kind)
    (tmp_path / "set/images/train/b.txt").unlink()
    if kind == "yolov5":
        with pytest.raises(UsageError, match=r"dataset\.yaml names \.\./private/images, which is not in"):
            pull(path=tmp_path / "set", type=kind)


def test_an_imported_sample_elsewhere_is_excluded(dataset, pull, tmp_path):
    folder = tmp_path / "set"
    dataset.export(str(folder), dataset_type=_type("FiftyOneDataset"))
    samples = json.loads((folder / "samples.json").read_text())
    private = picture(tmp_path / "private.png", formats.SIZE)
    samples["samples"][0]["filepath"] = str(private)
    for label in samples["samples"][1]["truth"]["detections"]:
        label["mask_path"] = str(private)
    (folder / "samples.json").write_text(json.dumps(samples))
    tables = drawn(pull(SEGMENT, path=folder, field="truth"))
    assert [row["reason"] for row in tables.losses.to_pylist()].count("outside_image") == 1
    assert not [row for row in tables.regions.to_pylist() if row["rle"]]


def _type(name):
    import fiftyone

    return getattr(fiftyone.types, name)
