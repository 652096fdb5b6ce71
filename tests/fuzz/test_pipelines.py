"""pipeline.yaml: random bytes, random YAML, and good ones with something changed."""

import contextlib
import tempfile
from itertools import pairwise
from pathlib import Path

import click
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from detector.cli.main import commands
from detector.errors import DetectorError
from tests.fuzz import few, many

GOOD = yaml.safe_load((Path(__file__).parents[2] / "pipeline.yaml").read_text())
leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["${HOME}", "${", "${X:-y}", "../../x", "/etc/passwd", "detect", "yolo", "mlflow", "__class__", ""]
    )
)
anything = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | leaf, inner, max_size=4),
    max_leaves=12,
)
ODD_YAML = [
    "!!python/object/apply:os.system ['touch owned']",
    "a: &a [*a]",
    "a: &a {b: *a}",
    "x: !unknown {y: 1}",
    "? [a, b]\n: c",
    "<<: [1, 2]",
    "name: a\nname: b",
    "- " * 2000,
    "[" * 200_000,
    "a: &a [x, x, x, x, x, x, x, x]\n"
    + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 8)}]\n" for a, b in pairwise("abcdefgh")),
    "{a: " * 500,
    "a: 1_000\nb: 0o17\nc: 1:30\nd: .inf\ne: 2026-02-30",
    "%YAML 9.9\n---\na: b",
    "---\na: 1\n---\nb: 2",
    "\ufeffname: x",
    "\x00",
    "a:\t- b",
]


@st.composite
def nearly_good(draw):
    """The sample's pipeline with up to three changes somewhere in it."""
    document = yaml.safe_load(yaml.safe_dump(GOOD))
    for _ in range(draw(st.integers(1, 3))):
        _change(draw, document)
    return yaml.safe_dump(document, allow_unicode=True)


@st.composite
def odd_settings(draw):
    """The sample's pipeline with odd names, training arguments, transforms, and a place of the record."""
    document = yaml.safe_load(yaml.safe_dump(GOOD))
    document["classes"] = draw(st.lists(st.text(max_size=300), max_size=3) | st.just(document["classes"]))
    # fmt: off
    arguments = st.sampled_from(["lr0", "momentum", "optimizer", "nbs", "mask_ratio", "fraction", "freeze", "scale",
                                 "amp", "cache", "time", "workers", "box", "single_cls", "copy_paste_mode"])
    # fmt: on
    document["train"]["options"] = draw(st.dictionaries(arguments, anything, max_size=5))
    transforms = st.sampled_from(["Blur", "RandomCrop", "Normalize", "Mosaic", "CoarseDropout", "Blurr"])
    given_to = st.dictionaries(st.sampled_from(["p", "height", "blur_limit", "x"]), anything, max_size=3)
    document["train"]["augment"] = draw(
        st.lists(st.dictionaries(transforms, given_to | anything, max_size=2), max_size=3)
    )
    schemes = st.sampled_from(
        ["", "sqlite:", "sqlite://", "sqlite:///", "http://", "http://[", "file:///", "postgresql://"]
    )
    document["record"] = {"uri": draw(st.builds(str.__add__, schemes, st.text(max_size=9)))}
    document["promote"] = {"metric": draw(st.text(max_size=9) | st.sampled_from(["mAP50/Nut", "box/mAP50", "mAP50/"]))}
    return yaml.safe_dump(document, allow_unicode=True)


def _change(draw, document):
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = draw(st.sampled_from(keys)) if keys else None
        deeper = key is not None and isinstance(place[key], dict | list) and place[key] and draw(st.booleans())
        if not deeper:
            break
        place = place[key]
    if key is None or (isinstance(place, dict) and draw(st.booleans())):
        key = draw(st.text(max_size=8) | st.sampled_from(["epoch", "using", "notify", "split", "options", "tune"]))
        if isinstance(place, list):
            place.append(draw(anything))
            return
    if draw(st.booleans()) and (isinstance(place, list) or key in place):
        del place[key]
    else:
        place[key] = draw(anything)


pipelines = (
    st.binary(max_size=300)
    | st.sampled_from(ODD_YAML).map(str.encode)
    | anything.map(lambda data: yaml.dump(data, allow_unicode=True).encode("utf-8", "surrogatepass"))
    | nearly_good().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | odd_settings().map(lambda text: text.encode("utf-8", "surrogatepass"))
)
overrides = st.lists(
    st.text(max_size=20) | st.sampled_from(["train.epochs=3", "train.=", "=", "a.b.c=1", "export.0.using=x"]),
    max_size=2,
)


def judged(content, sets):
    """A command either says that the file is valid, or what is wrong with it in words."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pipeline.yaml")
        file.write_bytes(content)
        arguments = [part for value in sets for part in ("--set", value)]
        with contextlib.suppress(DetectorError, click.ClickException):
            commands.main(["validate", str(file), *arguments], standalone_mode=False)
        assert [path.name for path in Path(folder).iterdir()] == ["pipeline.yaml"]


@few(400)
@given(pipelines, overrides)
def test_a_pipeline_is_judged_in_words(content, sets):
    judged(content, sets)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@many(4000)
@given(pipelines, overrides)
def test_thousands_of_pipelines_are_judged_in_words(content, sets):
    judged(content, sets)
