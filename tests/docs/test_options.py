"""The tables of options in docs/ say what the schemas say."""

import runpy
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from detector.commands.schema import schema
from detector.config.sections import SECTIONS, backends

ROOT = Path(__file__).parents[2]
OPTIONS = runpy.run_path(str(ROOT / "docs" / "options.py"))
PAGES = OPTIONS["pages"]()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_the_schema_says(page):
    text = page.read_text(encoding="utf-8")
    assert OPTIONS["written"](text) == text, "run `make docs`"


def test_every_section_has_a_page_with_its_options():
    assert {page.stem for page in PAGES} == {*SECTIONS, "pipeline"}
    for section in SECTIONS:
        text = (ROOT / "docs" / "stages" / f"{section}.md").read_text(encoding="utf-8")
        assert f"<!-- options of {section} -->" in text
        assert [f"`using: {using}`" in text for using in backends(section)] == [True] * len(backends(section))


def test_every_option_is_described():
    whole = schema()
    models = {"pipeline.yaml": {"properties": {**whole["properties"]}}, **whole["$defs"]}
    nameless = [
        f"{model}: {name}"
        for model, described in models.items()
        for name, option in described["properties"].items()
        if name not in {"using", *SECTIONS} and not option.get("description")
    ]
    assert nameless == []


def test_a_row_for_each_kind_of_option():
    class Inner(BaseModel):
        depth: int = Field(3, ge=1, description="how deep | wide")

    class Model(BaseModel):
        needed: str = Field(description="for `mAP`, or one of <class>", examples=["a", "b"])
        inner: Inner = Field(default_factory=Inner, description="a section")
        switch: bool = Field(True, description="on")
        places: list[float] | None = Field(None, description="where")

    assert list(OPTIONS["_rows"](Model.model_json_schema(), Model.model_json_schema()["$defs"], "")) == [
        "| `needed` | text | required | for `mAP`, or one of \\<class>; e.g. `a` or `b` |",
        "| `inner` | {depth} | see below | a section |",
        "| `inner.depth` | whole number, 1 or more | `3` | how deep \\| wide |",
        "| `switch` | true or false | `true` | on |",
        "| `places` | list of number | none | where |",
    ]
