"""A version in FiftyOne with a real MongoDB: what goes in comes out."""

import pymongo
import pytest

from detector.browse import importing, mongod, samples
from detector.browse.database import connected
from tests.support.versions import HEIGHT, WIDTH, Object, Picture, version


@pytest.fixture(scope="module", autouse=True)
def database(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    with connected(runs) as fiftyone:
        yield fiftyone


def objects(sample, field="ground_truth"):
    return sample[field].detections if "Detections" in type(sample[field]).__name__ else sample[field].polylines


def test_a_sample_tells_where_it_comes_from(tmp_path):
    data = version(tmp_path, [Picture("train"), Picture("val", [])], excluded={"unlabelled": [{"task_id": 9}]})
    loaded = samples.load(data, "origin")
    first, second = loaded
    assert loaded.name == "origin-0123456789ab"
    assert (first.filepath, first.tags) == (str(data.image_path("train/00000001-cell.jpg")), ["train"])
    assert (first.metadata.width, first.metadata.height) == (WIDTH, HEIGHT)
    assert (first.task_id, first.source) == (1, "s3://cells/1.jpg")
    assert first.link == "http://label.example/projects/3/data?task=1"
    assert (second.status, objects(second)) == ("background", [])
    assert loaded.default_classes == ["RBC", "WBC", "Platelets"]
    assert len(loaded.load_saved_view("val")) == 1


def test_a_box_is_a_detection_with_its_region_and_annotator(tmp_path):
    over_the_edge = Object(2, 0.95, 0.5, 0.2, 0.4)
    loaded = samples.load(
        version(tmp_path, [Picture("train", [Object(1, 0.5, 0.4, 0.2, 0.4), over_the_edge])]), "boxes"
    )
    box, clipped = objects(loaded.first())
    assert (box.label, box.region_id, box.annotator) == ("WBC", "r1-0", "ada@example.com")
    assert box.bounding_box == pytest.approx([0.4, 0.2, 0.2, 0.4])
    assert clipped.bounding_box == pytest.approx([0.85, 0.3, 0.15, 0.4])


def test_an_outline_is_a_filled_polyline(tmp_path):
    data = version(tmp_path, [Picture("train", [Object(1, 0.5, 0.5, 0.2, 0.4)]), Picture("test")], "segment")
    outline = objects(samples.load(data, "outlines").first())[0]
    assert (outline.label, outline.closed, outline.filled, outline.region_id) == ("WBC", True, True, "r1-0")
    assert outline.points == [[pytest.approx(point) for point in ([0.5, 0.3], [0.6, 0.5], [0.5, 0.7], [0.4, 0.5])]]


def test_objects_in_any_order_come_to_their_own_images(tmp_path):
    data = version(tmp_path, [Picture("train", [Object(0), Object(1)]), Picture("train", [Object(2)])])
    data.__dict__["instances"] = data.instances.take([2, 0, 1])
    loaded = samples.load(data, "order")
    assert [[each.label for each in objects(sample)] for sample in loaded] == [["RBC", "WBC"], ["Platelets"]]
    ids = samples.label_ids(loaded, data)
    assert [each.id for each in (*objects(loaded.last()), *objects(loaded.first()))] == ids


def test_a_version_is_loaded_once_and_follows_its_pictures(tmp_path, database):
    data = version(tmp_path / "here", [Picture("train")])
    samples.load(data, "once").tag_samples("looked-at")
    assert samples.load(data, "once").count_sample_tags() == {"train": 1, "looked-at": 1}
    [before] = samples.load(data, "once").values("filepath")
    (tmp_path / "here").rename(tmp_path / "there")
    moved = type(data)(tmp_path / "there" / data.version)
    loaded = samples.load(moved, "once")
    assert loaded.values("filepath") == [before.replace("/here/", "/there/")]
    assert loaded.count_sample_tags() == {"train": 1, "looked-at": 1}
    assert samples.load(moved, "once").info["folder"] == str(moved.folder)
    assert [name for name in database.list_datasets() if "once" in name] == ["once-0123456789ab"]


@pytest.mark.usefixtures("database")
def test_a_version_of_several_parts_is_loaded_whole_with_its_tags(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "PART", 2)
    pictures = [Picture("train", [Object(0), Object(1)]), Picture("test", []), Picture("val", [Object(2)])] * 2
    data = version(tmp_path, pictures)
    loaded = samples.load(data, "parts", importing.Tags({4: ["odd"]}, {1: ["odd", "tiny"], 4: ["tiny"]}))
    assert loaded.values("task_id") == [1, 2, 3, 4, 5, 6]
    assert loaded.values("tags") == [["train"], ["test"], ["val"], ["train"], ["test", "odd"], ["val"]]
    assert [list(of or []) for of in loaded.values("ground_truth.detections.tags")] == [
        [[], ["odd", "tiny"]], [], [[]], [[], ["tiny"]], [], [[]],
    ]  # fmt: skip
    regions = [of or [] for of in loaded.values("ground_truth.detections.region_id")]
    assert [each for of in regions for each in of] == data.instances["region_id"].to_pylist()


def test_nothing_is_printed(tmp_path, capfd):
    data = version(tmp_path, [Picture("train"), Picture("test")])
    samples.load(data, "quiet")
    assert capfd.readouterr() == ("", "")


def test_the_database_can_be_left_and_taken_up_again(tmp_path):
    data = version(tmp_path, [Picture("train")])
    for _ in range(2):
        with connected(tmp_path / "runs") as fiftyone:
            samples.load(data, "twice")
            assert fiftyone.list_datasets() == ["twice-0123456789ab"]


def test_a_dataset_of_an_earlier_connection_can_be_replaced(tmp_path):
    data = version(tmp_path, [Picture("train")])
    for _ in range(2):
        with connected(tmp_path / "runs") as fiftyone:
            samples.load(data, "again").delete()  # keeps its connection
            samples.load(data, "again")
            assert fiftyone.list_datasets() == ["again-0123456789ab"]


def test_a_team_may_point_at_a_mongodb_of_its_own(tmp_path, monkeypatch):
    data = version(tmp_path, [Picture("train")])
    with mongod.serve(tmp_path / "theirs") as uri:
        monkeypatch.setenv(mongod.VARIABLE, uri)
        with connected(tmp_path / "runs"):
            samples.load(data, "ours")
        with connected(tmp_path / "other"):
            assert len(samples.load(data, "ours")) == 1
        with pymongo.MongoClient(uri) as client:
            assert client.fiftyone.datasets.find_one()["name"] == "ours-0123456789ab"
    assert not (tmp_path / "runs" / "fiftyone" / "db").exists()
