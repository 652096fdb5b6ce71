"""An export is cut between tasks by a guess that decoding proves: whatever it holds, the tables are the same."""

import json
import os
from pathlib import Path

import msgspec
import pyarrow.compute as pc
import pytest

from detector.errors import UsageError
from detector.label_studio import pieces as module
from detector.label_studio import tasks
from detector.label_studio.pieces import pieces
from detector.label_studio.reading import How
from detector.label_studio.tasks import annotations, tables


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SIZE", 300)


def _task(number: int, **data: object) -> dict[str, object]:
    value = {"x": number, "y": 2, "width": 3, "height": 4, "rectanglelabels": ["car"]}
    regions = [{"id": f"r{number}", "type": "rectanglelabels", "to_name": "image", "value": value}]
    drawn = [{"id": number, "result": regions, "completed_by": 7}]
    return {"id": number, "annotations": drawn, "data": {"image": f"/data/{number}.jpg", **data}}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return tmp_path / "export.json"


def _cut(export: Path) -> list[slice]:
    with export.open("rb") as file:
        return pieces(file.fileno())


def _same(export: Path, exported: str) -> int:
    """How many pieces there are; their tables are those of the tasks one by one."""
    export.write_text(exported)
    whole = tables(msgspec.json.decode(exported, type=list[msgspec.Raw]), How("latest"))
    read = annotations(export, "latest")
    for name in ("images", "regions", "losses"):
        assert getattr(read, name).equals(getattr(whole, name)), name
    assert read.images.num_rows == len(json.loads(exported))
    return len(_cut(export))


@pytest.mark.parametrize("indent", [None, 2])
def test_pieces_are_the_whole(export: Path, indent: int | None) -> None:
    assert _same(export, json.dumps([_task(number) for number in range(1, 30)], indent=indent)) > 5


def test_a_list_of_nothing_is_an_export_of_nothing(export: Path) -> None:
    assert _same(export, " [ ] ") == 1


def test_text_that_looks_like_the_next_task_is_not_cut(export: Path) -> None:
    quoted = '}, {"id": 5, "annotations": ['
    assert _same(export, json.dumps([_task(number, text=quoted * 20) for number in range(1, 9)])) == 8


def test_a_cut_within_a_task_is_seen_and_mended(export: Path) -> None:
    nested = [{"id": 1, "annotations": []}] * 30
    exported = json.dumps([_task(number, nested=nested) for number in range(1, 5)])
    assert _same(export, exported) > 4


@pytest.mark.parametrize("wrong", ["{}", "[{}] x", "x [{}]", "", "[", "]["])
def test_what_is_no_list_has_no_pieces(export: Path, wrong: str) -> None:
    export.write_text(wrong)
    assert _cut(export) == []
    with pytest.raises(UsageError, match="this is no Label Studio JSON export"):
        annotations(export, "latest")


def test_a_file_that_became_shorter_is_no_export(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export.write_text(json.dumps([_task(number) for number in range(1, 30)]))

    def then_cut(file: int) -> list[slice]:
        found = pieces(file)
        os.truncate(export, 2_000)
        return found

    monkeypatch.setattr(tasks, "pieces", then_cut)
    with pytest.raises(UsageError, match="this is no Label Studio JSON export"):
        annotations(export, "latest")


def test_what_stands_between_tasks_may_lie_across_two_windows(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WINDOW", 300)
    assert _same(export, json.dumps([_task(number, text="x" * number) for number in range(1, 99)])) > 30


def test_a_task_that_cannot_be_read_is_counted(export: Path) -> None:
    exported = json.dumps([_task(number) for number in range(1, 30)]).replace('"id": 17,', '"id": "seventeen",')
    export.write_text(exported)
    drawn = annotations(export, "latest")
    assert drawn.images["task_id"].to_pylist() == [number for number in range(1, 30) if number != 17]
    [loss] = drawn.losses.filter(pc.equal(drawn.losses["reason"], "unreadable_task")).to_pylist()
    assert (loss["task_id"], loss["detail"]) == (17, 'task number 17 of the export: its id is "seventeen"')
