"""From a folder or a curated dataset to a dataset version, through the command line, with two lines of YAML."""

import json

import pytest

from detector.browse.database import connected
from tests.end_to_end.conftest import detector
from tests.support import formats, warm
from tests.support.formats import truth

HEAD = "task: detect\nclasses: [car, person]\ntrain: {model: yolo11n.yaml}\n"
DOORS = {
    "coco": formats.coco,
    "roboflow": formats.roboflow,
    "voc": formats.voc,
    "cvat": formats.cvat,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """One folder, so that the record is made once."""
    return tmp_path_factory.mktemp("project")


def run(project, name, pull):
    """What `run --until convert` says and leaves, of a pipeline of two lines beside name, task and classes."""
    (project / f"{name}.yaml").write_text(f"name: {name}\n{HEAD}pull: {pull}\n")
    done = warm.run(project, "run", f"{name}.yaml", "--until", "convert", "--json")
    outcome = json.loads(done.stdout)
    assert outcome["status"] in {"done", "unchanged"}, done.stderr
    conversion = json.loads((project / f"datasets/{name}/latest/conversion.json").read_text())
    return outcome, conversion


@pytest.mark.parametrize("door", DOORS)
def test_from_nothing_to_a_dataset_version(project, door):
    pictures = truth(20)
    DOORS[door](project / f"set-{door}", pictures)
    _, conversion = run(project, door, f"{{using: fiftyone, path: set-{door}}}")
    kept, boxes = conversion["kept"], [box for each in pictures for box in each.boxes]
    assert (kept["images"], kept["objects"]) == (len(pictures), len(boxes))
    assert kept["objects_of"] == {name: sum(box[0] == name for box in boxes) for name in ("car", "person")}
    assert (conversion["dropped"], conversion["excluded"]) == ({}, {})


def test_what_was_curated_in_fiftyone_comes_back(project, monkeypatch):
    monkeypatch.delenv("FIFTYONE_DATABASE_URI", raising=False)
    formats.single(project / "raw", truth(20))
    pull = "{using: fiftyone, dataset: raw, view: good}"
    with connected(project / "runs/fiftyone") as fiftyone:
        made = fiftyone.Dataset.from_dir(
            str(project / "raw"), fiftyone.types.COCODetectionDataset, label_field="truth", name="raw", persistent=True
        )
        made.limit(50).tag_samples("good")
        made.save_view("good", made.match_tags("good"))
    assert run(project, "curated", pull)[1]["kept"]["images"] == 50
    assert run(project, "curated", pull)[0]["status"] == "unchanged"
    with connected(project / "runs/fiftyone") as fiftyone:
        fiftyone.load_dataset("raw").limit(3).untag_samples("good")
    outcome, conversion = run(project, "curated", pull)
    assert (outcome["status"], conversion["kept"]["images"]) == ("done", 47)


@pytest.mark.parametrize(
    ("pull", "message"),
    [
        ("{using: fiftyone}", "pull: needs `path`"),
        ("{using: fiftyone, path: ., type: cocoo}", "'cocoo' is not one of coco | voc"),
        ("{using: fiftyone, dataset: rww}", "pull.dataset: no dataset 'rww' in this project's FiftyOne database"),
        ("{using: fiftyone, path: ., viev: a}", "pull.viev: unknown; did you mean view?"),
    ],
)
def test_what_is_wrong_is_a_sentence(project, pull, message):
    (project / "wrong.yaml").write_text(f"name: wrong\n{HEAD}pull: {pull}\n")
    done = detector(project, "run", "wrong.yaml", "--until", "pull")
    assert done.returncode == 2
    assert message in done.stderr
    assert "unexpected" not in done.stderr
