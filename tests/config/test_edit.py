"""Values written into a pipeline.yaml: its comments and all other lines stay as they are."""

import pytest
import yaml

from detector.config.edit import plain, written
from detector.errors import UsageError

KEYS = ("train", "options")
VALUES = {"lr0": 0.00002, "mosaic": 0.4, "optimizer": "AdamW", "cos_lr": True, "freeze": [0, 1]}
FILES = {
    "in braces": "name: x\ntrain:\n  model: a.pt\n  options: {lr0: 0.1, nbs: 8}   # ours\n# end\n",
    "in braces over lines": "train: {model: a.pt, options: {\n    lr0: 0.1,   # high\n    nbs: 8 }}\nexport: []\n",
    "in lines": "train:\n  options:\n    lr0: 0.1   # high\n\n    nbs: 8   # last\n\n  # about epochs\n  epochs: 3\n",
    "in lines at the end": "train:\n  epochs: 3\n  options:\n      nbs: 8\n      lr0: 0.1",
    "empty braces": "train:\n  options: {}  # none yet\n  epochs: 3\n",
    "no value": "train:\n  options:   # none yet\n  epochs: 3\n",
    "no options": "train:\n  epochs: 3   # short\n\n  augment:\n    - Blur: {p: 0.1}   # soft\n# about\nexport: []\n",
    "no options in braces": "train: {epochs: 3}\nname: x\n",
    "no train": "# top\nname: x   # a name\n# end\n",
    "an empty train": "name: x\ntrain:\nexport: []\n",
    "a block of text last": "train:\n  epochs: 3\n  model: |\n    a\n    b\nname: x\n",
    "lines of Windows": "name: x\r\ntrain:\r\n  epochs: 3   # short\r\n# end\r\n",
    "a variable": "train:\n  options: {lr0: \"${LR}\", name: 'ü'}\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_only_the_values_change(text):
    edited = written(text, KEYS, VALUES)
    before, after = yaml.safe_load(text), yaml.safe_load(edited)
    options = ((before.get("train") or {}).get("options") or {}) | VALUES
    assert after == before | {"train": (before.get("train") or {}) | {"options": options}}
    assert [line.partition("#")[2] for line in text.splitlines() if "#" in line] == [
        line.partition("#")[2] for line in edited.splitlines() if "#" in line
    ]
    assert ("\r\n" in text) == ("\r\n" in edited)
    assert edited.count("\n") == edited.count("\r\n") if "\r\n" in text else True
    assert written(edited, KEYS, VALUES) == edited


def test_it_reads_as_a_person_would_have_written_it():
    assert written(FILES["in lines"], KEYS, {"lr0": 0.003, "mosaic": 0.4}) == (
        "train:\n  options:\n    lr0: 0.003   # high\n\n    nbs: 8   # last\n    mosaic: 0.4\n\n"
        "  # about epochs\n  epochs: 3\n"
    )
    assert written(FILES["no options"], KEYS, {"lr0": 0.003, "mosaic": 0.4}) == (
        "train:\n  epochs: 3   # short\n\n  augment:\n    - Blur: {p: 0.1}   # soft\n"
        "  options: {lr0: 0.003, mosaic: 0.4}\n# about\nexport: []\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "base: &a {lr0: 0.1}\ntrain: {options: *a}\n",
        "train: &a\n  options: {lr0: 0.1}\nother: *a\n",
    ],
)
def test_a_form_that_can_not_be_edited_is_left_to_a_person(text):
    with pytest.raises(UsageError, match="by hand"):
        written(text, KEYS, {"lr0": 0.2})


@pytest.mark.parametrize("value", [1e-5, 1e-12, 0.1, 3, True, "auto", "1e-3", [0, "a: b"], "yes", 1e22])
def test_a_value_reads_as_itself(value):
    assert yaml.safe_load(plain(value)) == value
    assert "\n" not in plain(value)
