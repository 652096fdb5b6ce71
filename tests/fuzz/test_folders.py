"""YOLO folders in which anything may stand anywhere: a sentence, or a version with every row and picture accounted."""

import tempfile
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import DetectorError
from detector.stages.pull._yolo.rows import parse
from detector.system.text import decode
from detector.terms import SPLITS
from tests.fuzz import few, many
from tests.support.exports import picture
from tests.support.folders import convert, write

SECRET = "hunter2"
PLACES = [("images", "labels"), ("Images", "Labels"), ("", ""), ("train/images", "train/labels")]
PLACES += [
    ("images/val", "labels/val"),
    ("test", "test"),
    ("images", "labels/yolo"),
    ("\u00e9", "e\u0301"),
    ("a b#%20?", "a b#%20?"),
]
NAMES = [
    "x",
    "x.y",
    "train",
    "classes",
    "\u7ea2",
    "e\u0301",
    "\udcff",
    "a\nb",
    "-",
    "data",
    "%41",
    "IMG_jpg.rf.0123456789abcdef0123",
    "n" * 200,
]
ENDINGS = [".jpg", ".JPG", ".jfif", ".png", ".heic"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]
WORDS = [
    "0",
    "1",
    "1.0",
    "1e0",
    "0.5",
    "-1",
    "7",
    "nan",
    "inf",
    "1e308",
    "-0",
    ".5",
    "0.25",
    "2",
    "1e-9",
    "x",
    "0,5",
    "\u0661",
    "1_0",
]
TEXTS = [
    "",
    "Cup\nPlate\n",
    "Plate\nCup",
    "Fork",
    "0\n1",
    "Cup\nCup",
    "images/x.jpg\n",
    "../secret\n",
    "/etc/passwd",
    "\0",
    "= = =",
    "[",
    "#",
]
FILES = [
    "train.txt",
    "val.txt",
    "test.txt",
    "data.yaml",
    "obj.names",
    "obj.data",
    "classes.txt",
    "set.yaml",
    "README.txt",
    "labels/classes.txt",
]

row = (
    st.builds(" ".join, st.lists(st.sampled_from(WORDS), min_size=1, max_size=8))
    | st.just("0 .5 .5 .25 .5")
    | st.text(max_size=8)
)
leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([*TEXTS, ".", "images", "train.txt"])
    | st.text(max_size=6)
)
value = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(leaf, inner, max_size=3), max_leaves=5
)


@st.composite
def texts(draw):
    """What a list, a names file or a data.yaml may be."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.binary(max_size=20))
    if kind == 1:
        keys = st.sampled_from(["names", "train", "val", "test", "valid", "path", "nc", "classes"])
        pairs = draw(st.dictionaries(keys, value, max_size=4)).items()
        mark = draw(st.sampled_from([": ", " = "]))
        return "".join(f"{key}{mark}{said!r}\n" for key, said in pairs).encode("utf-8", "replace")
    return draw(st.sampled_from(TEXTS)).encode(draw(st.sampled_from(ENCODINGS)))


@st.composite
def folders(draw):
    """Pictures with their rows; files that describe them; and links."""
    files: dict[str, bytes] = {}
    stems = draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True))
    for number, stem in enumerate(["p0", "p1", "p2", *stems]):
        place, texts_place = draw(st.sampled_from(PLACES[:3] if number < 3 else PLACES))
        name = f"{stem}{draw(st.sampled_from(ENDINGS))}"
        if draw(st.integers(0, 9)):
            broken = draw(st.integers(0, 9)) == 0
            files[f"{place}/{name}".strip("/")] = b"\xff\xd8" if broken else _pictures()[number]
        if draw(st.integers(0, 9)):
            rows = draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"])).join(draw(st.lists(row, max_size=4)))
            files[f"{texts_place}/{stem}.txt".strip("/")] = rows.encode(draw(st.sampled_from(ENCODINGS)), "replace")
    for name in draw(st.lists(st.sampled_from(FILES), max_size=2, unique=True)):
        files.setdefault(name, draw(texts()))
    return files, draw(
        st.lists(
            st.sampled_from(["up", "self", "labels/out.txt", "val.txt", "images/gone.jpg"]), max_size=2, unique=True
        )
    )


@cache
def _pictures():
    folder = Path(tempfile.mkdtemp())
    return [picture(folder / f"{at}.png", size=(24, 16), seed=at).read_bytes() for at in range(10)]


def converted(files, links, how):
    """Whether it was converted; the three sound pictures beside all else are one of each split where lists say so."""
    with tempfile.TemporaryDirectory() as parent:
        sound = {f"images/{split}/s{at}.png": _pictures()[-1 - at] for at, split in enumerate(SPLITS)}
        sound |= {f"labels/{split}/s{at}.txt": b"0 .5 .5 .25 .5" for at, split in enumerate(SPLITS)}
        root = write(Path(parent, "set"), sound | files)
        write(Path(parent), {"secret": f"{SECRET} 0 0 0 0\n", "val": "s1.png\n", "test": "s2.png\n"})
        for link in links:
            _link(root / link, parent)
        task, listed = how
        split = {"lists": {name: Path(parent, name) for name in ("val", "test")}}
        told, dataset = "", None
        try:
            dataset, told = convert(root, task=task, **({"split": split} if listed else {}))
        except DetectorError as error:
            told = str(error)
        if dataset:
            _account(root, dataset)
            assert SECRET not in str(dataset.conversion)
        assert SECRET not in str(told)
        assert {path.name for path in Path(parent).iterdir()} <= {"datasets", "secret", "set", "val", "test"}
        return dataset is not None


def _link(link, parent):
    targets = {
        "up": parent,
        "self": ".",
        "out.txt": f"{parent}/secret",
        "val.txt": f"{parent}/secret",
        "gone.jpg": "nowhere",
    }
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(targets[link.name])


def _account(root, dataset):
    """Every picture is in the version or excluded, every row kept or dropped, and each is told once."""
    done = dataset.conversion
    pictures = [path for path in root.rglob("*") if path.suffix.lower() in ENDINGS and "up" not in path.parts]
    excluded = [entry for entries in done["excluded"].values() for entry in entries if "task_id" in entry]
    assert done["kept"]["images"] + len(excluded) == len(pictures)
    dropped = [entry["region_id"] for entries in done["dropped"].values() for entry in entries]
    assert len(dropped) == len(set(dropped))
    assert done["kept"]["objects"] + len(dropped) == sum(map(len, _label_rows(root)))


def _label_rows(root):
    """The rows of each label file: beside a picture, in labels/, or with a row that is one."""
    for text in root.rglob("*.txt"):
        is_list = text.name == "classes.txt" or (
            text.parent == root and text.name in {"train.txt", "val.txt", "test.txt"}
        )
        is_list &= not _has_picture(text)
        if text.is_symlink() or is_list:
            continue
        rows = parse(decode(text.read_bytes(), "replace"))
        in_labels = any(part.lower() == "labels" for part in text.relative_to(root).parts[:-1])
        if in_labels or _has_picture(text) or not all(each.wrong for each in rows):
            yield rows


def _has_picture(text):
    """Whether a picture lies beside it; é may be written in two ways."""
    pictures = (path for path in text.parent.parent.rglob("*") if path.suffix.lower() in ENDINGS)
    return any(_composed(path) == _composed(text) for path in pictures)


def _composed(path):
    return unicodedata.normalize("NFC", str(path.with_suffix("")))


how = st.tuples(st.sampled_from(["detect", "segment"]), st.booleans())


def test_a_folder_is_converted_or_refused_in_words():
    outcomes = []
    few(150)(given(folders(), how)(lambda made, how: outcomes.append(converted(*made, how))))()
    assert min(outcomes.count(True), outcomes.count(False)) > 15


@pytest.mark.torture
@pytest.mark.timeout(7200)
@many(5000)
@given(folders(), how)
def test_thousands_of_folders_are_converted_or_refused_in_words(made, how):
    converted(*made, how)
