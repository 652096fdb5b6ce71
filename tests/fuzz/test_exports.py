"""Exports in which anything may stand anywhere: a sentence or a dataset, and nothing touched outside the project."""

import contextlib
import copy
import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import DetectorError
from detector.stages import load
from detector.terms import SPLITS
from tests.fuzz import few, many
from tests.support.exports import CLASSES, annotation, box, convert, picture, region, task
from tests.support.jobs import Pipeline, make_job

GOOD = [
    task(1, annotation(box(10, 10, 20, 30), box(50, 50, 10, 10, labels=["person"]))),
    task(2, annotation(region("polygon", points=[[1, 1], [50, 10], [30, 60]])), drafts=[], predictions=[]),
    task(3, annotation(region("ellipse", x=50, y=50, radiusX=10, radiusY=5, rotation=30)), annotation()),
    task(4, annotation(region("brush", format="rle", rle=[0, 0, 0, 64, 35, 7, 8]))),
]
for each in GOOD:
    each["data"]["split"] = "train"
COMPANY = [task(900 + at, annotation(box(1, 1, 9, 9)), data={"split": split}) for at, split in enumerate(SPLITS)]
PATHS = [
    "../outside.png",
    "../../outside.png",
    "/etc/passwd",
    "file:///etc/passwd",
    "/data/local-files/?d=../outside.png",
    "/data/local-files/?d=/etc/passwd",
    "/data/upload/1/..%2F..%2Foutside.png",
    "link.png",
    "linked/outside.png",
    "1.png\x00.jpg",
    "x" * 5000,
    "https://example.invalid/x.png",
    "data:image/png;base64,AAAA",
    ".",
    "",
    "con.png\n",
]
leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**63, 2**64, -1, 0, 1e308, 1e-308, 100.0000001])
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(PATHS)
)
anything = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mutated(draw):
    """A good export with up to four changes; now and then with bytes that are no JSON."""
    tasks = json.loads(json.dumps(GOOD))
    for _ in range(draw(st.integers(1, 4))):
        place, key = _somewhere(draw, tasks)
        if draw(st.integers(0, 3)) == 0:
            del place[key]
        else:
            place[key] = draw(anything)
        if not tasks:
            break
    text = json.dumps([*tasks, *COMPANY]).encode()
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.binary(max_size=6)) + text[at + draw(st.integers(0, 6)) :]
    return text


def _somewhere(draw, tasks):
    place, key = tasks, draw(st.integers(0, len(tasks) - 1))
    while isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 4)):
        place = place[key]
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
    return place, key


TYPES = [None, True, "", "12.5", "x", 7, -3, 2**70, 1e300, float("nan"), float("inf"), [], ["car"], {}, {"x": 1}]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"]
NAMES = [
    "1.png",
    "set\\1.png",
    "/data/local-files/?d=C:\\set\\1.png",
    "s3://a/1.png",
    "s3://b/1.png",
    "\u00e9.png",
    "e\u0301.png",
]


@st.composite
def retyped(draw):
    """A good export in which values have other types, tasks are there twice, pictures other names; in any encoding."""
    tasks = json.loads(json.dumps(GOOD))
    for _ in range(draw(st.integers(1, 4))):
        place, key = _somewhere(draw, tasks)
        place[key] = copy.deepcopy(draw(st.sampled_from(TYPES)))  # it may be changed in turn
    for each in tasks:
        if draw(st.integers(0, 3)) == 0 and isinstance(each, dict) and isinstance(each.get("data"), dict):
            each["data"]["image"] = draw(st.sampled_from(NAMES))
    if draw(st.integers(0, 3)) == 0:
        tasks.append(draw(st.sampled_from(tasks)))
    text = json.dumps([*tasks, *COMPANY], ensure_ascii=draw(st.booleans()))
    return text.encode(draw(st.sampled_from(ENCODINGS)), "replace")


def accounted(content, dataset):
    """Each task of an export that was converted is kept or excluded, and each region kept or dropped."""
    tasks = json.loads(content.decode(json.detect_encoding(content)))
    told = dataset.conversion
    kept = len(set(dataset.images.filter(pc.is_valid(dataset.images["file"]))["task_id"].to_pylist()))
    assert kept + sum(map(len, told["excluded"].values())) == len(tasks), told
    if not told["excluded"].keys() & {"unreadable_task", "repeated_task"}:  # whose regions nobody looked at
        dropped = sum(map(len, told["dropped"].values()))
        assert told["kept"]["objects"] + dropped >= sum(map(_regions, tasks)), told
    gone, changed = (
        {(each["task_id"], each.get("region_id")) for entries in told[action].values() for each in entries}
        for action in ("dropped", "changed")
    )
    assert not {key for key in gone & changed if key[1]} - {key for key in gone if told["dropped"].get("duplicate")}


def _regions(task):
    """How many regions there are in a task."""
    given = task["annotations"] if isinstance(task.get("annotations"), list) else []
    results = [each.get("result") for each in given if isinstance(each, dict)]
    return sum(len(result) for result in results if isinstance(result, list))


@cache
def _pictures():
    """The pictures of the tasks, and one that lies outside; made once."""
    folder = Path(tempfile.mkdtemp())
    return [
        picture(folder / f"{name}.png", seed=at).read_bytes()
        for at, name in enumerate(["1", "2", "3", "4", "5", "6", "7", "8"])
    ]


def converted(content, look=None):
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "up", "project")
        folder.mkdir(parents=True)
        *inside, outside = _pictures()
        for number, pixels in zip([1, 2, 3, 4, 900, 901, 902], inside, strict=True):
            (folder / f"{number}.png").write_bytes(pixels)
        for place in (folder.parent, folder.parent.parent):
            (place / "outside.png").write_bytes(outside)
        (folder / "link.png").symlink_to(folder.parent / "outside.png")
        (folder / "linked").symlink_to(folder.parent)
        (folder / "export.json").write_bytes(content)
        _convert(folder, look)
        assert sorted(path.name for path in Path(parent).iterdir()) == ["outside.png", "up"]
        assert sorted(path.name for path in folder.parent.iterdir()) == ["outside.png", "project"]
        assert not [*folder.rglob(f"{hashlib.sha256(outside).hexdigest()}.*")]


def _convert(folder, look=None):
    """A sentence, or rows that YOLO takes, and all that was there in the account."""
    backend = load("pull", "label_studio_export")
    for kind in ("detect", "segment"):
        with contextlib.suppress(DetectorError):
            options = backend.Options(path=folder / "export.json")
            pipeline = Pipeline(task=kind, classes=CLASSES)
            job = make_job(options, pipeline, datasets=folder / "datasets", folder=folder)
            dataset, _ = convert(folder, backend.run(job), job.pipeline, split={"field": "split"})
            if look:
                look((folder / "export.json").read_bytes(), dataset)
            for row in rows(dataset):
                assert row[0] in {0, 1}
                assert all(0 <= number <= 1 for number in row[1:])


def rows(dataset):
    texts = (file.read_text() for file in dataset.folder.glob("labels/*/*.txt"))
    return [[float(word) for word in line.split()] for text in texts for line in text.splitlines()]


@few(120)
@given(mutated())
def test_an_export_is_converted_or_refused_in_words(content):
    converted(content)


@few(80)
@given(retyped())
def test_other_types_encodings_and_names_are_accounted_for(content):
    converted(content, accounted)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@many(5000)
@given(retyped())
def test_thousands_of_other_types_encodings_and_names_are_accounted_for(content):
    converted(content, accounted)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@many(4000)
@given(mutated())
def test_thousands_of_exports_are_converted_or_refused_in_words(content):
    converted(content)
