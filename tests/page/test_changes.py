"""What changed since the champion, as promote left it: figures, classes, data, images."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from detector.data import champion as champions
from detector.data import comparison
from detector.page import change, figure
from detector.page._changes import changes
from detector.page._scenes import scenes, worst
from tests.support import evaluations
from tests.support.evaluations import CLASSES, HOSTILE, SCORE

GONE = "ba9876543210"
FIRST = 4  # the task of the first test picture


def test_what_changed_are_the_paired_figures(written, page):
    figures = written.run.comparison.figures
    rows = {row[0]: row[1:4] for row in written.rows(page, "#changes .forest") if len(row) == 5}
    assert rows.pop("figure") == ["champion", "now", "change"]
    names = {**{name: name for name in ("mAP50-95", "mAP50", "mAP75", "precision", "recall", "F1")}}
    names |= {label: f"mAP50-95/{label}" for label in CLASSES}
    assert rows.keys() == names.keys()
    for shown, name in names.items():
        each = figures[name]
        ends = f"[{change(each.low)}, {change(each.high)}]"
        assert rows[shown] == [figure(each.before), figure(each.after), f"{change(each.change)} {ends}"]


def test_a_class_is_said_to_gain_or_lose_only_if_its_interval_says_so(written):
    told, data = written.run.comparison, written.run.dataset
    sure = comparison.Difference(0.5, 0.6, 0.05, 0.15, 1.0)
    lost, unsure = replace(sure, after=0.4, low=-0.15, high=-0.05), replace(sure, low=-0.01)
    figures = {f"mAP50-95/{name}": each for name, each in zip(CLASSES, (sure, lost, unsure), strict=True)}
    shown = changes(replace(told, figures=figures), data, written.run.folder)
    assert shown["told"] == {"better": [CLASSES[0]], "worse": [CLASSES[1]]}
    assert [row["standing"] for row in shown["classes"]] == ["better", "even", "worse"]
    places = [row["strip"] for row in shown["classes"]]
    assert places[0].low > places[0].zero
    assert places[2].high < places[2].zero
    assert places[1].low < places[1].zero < places[1].at


def test_of_many_classes_those_are_shown_that_changed(written):
    unsure, sure = comparison.Difference(0.5, 0.51, -0.1, 0.1, 0.6), comparison.Difference(0.5, 0.6, 0.05, 0.1, 1.0)
    figures = {f"mAP50-95/{at}": sure if at == 7 else unsure for at in range(40)}
    shown = changes(replace(written.run.comparison, figures=figures), written.run.dataset, written.run.folder)
    assert [row["name"] for row in shown["classes"]] == ["7"]
    assert {row["name"] for row in shown["hidden"]} == {str(at) for at in range(40)} - {"7"}


def test_data_by_class_is_that_of_both_versions(tmp_path, written):
    told = written.run.comparison
    folder = tmp_path / "0123456789ab"
    shutil.copytree(written.run.dataset.folder, folder)
    data = type(written.run.dataset)(folder)
    assert changes(told, data, written.run.folder)["data"]["before"] == data.version == told.dataset
    assert changes(replace(told, dataset=GONE), data, written.run.folder)["data"]["known"] is False
    assert changes(replace(told, dataset=None), data, written.run.folder)["data"]["known"] is False
    before = json.loads(json.dumps(data.conversion))
    before["kept"]["objects_in"]["train"] = {HOSTILE: 1, CLASSES[1]: 1, "Shadow": 7}
    before["kept"]["images_in"]["train"] = 5
    (tmp_path / GONE).mkdir()
    (tmp_path / GONE / "conversion.json").write_text(json.dumps(before))
    rows = changes(replace(told, dataset=GONE), data, written.run.folder)["data"]["rows"]
    assert [(row["name"], row["before"], row["now"], row["change"]) for row in rows] == [
        ("images", 5, 2, -3), ("objects", 9, 5, -4), (HOSTILE, 1, 3, 2), (CLASSES[2], 0, 1, 1), ("Shadow", 7, 0, -7),
    ]  # fmt: skip


def mistakes(said, at):
    """Missed and false, counted by hand."""
    seen = [(place, label) for place, label, score in said(at) if score >= SCORE]
    right = [(place, label) for place, label in seen if place is not evaluations.EMPTY and label == place.class_id]
    return 3 - len(right), len(seen) - len(right)


def test_images_won_and_lost_are_those_with_fewer_and_more_mistakes(written):
    told, rows = written.run.comparison, evaluations.tested(written.run.dataset)
    numbers = {written.run.dataset.images["file"][row].as_py(): at for at, row in enumerate(rows)}
    for images, sign in ((told.won, 1), (told.lost, -1)):
        gained = []
        for image in images:
            at = numbers[image.file]
            for marks, said in ((image.before, evaluations.champion), (image.after, evaluations.challenger)):
                assert (len(marks.missed), len(marks.false)) == mistakes(said, at)
                assert len(marks.right) == 3 - len(marks.missed)
            gained.append(sign * (image.before.mistakes - image.after.mistakes))
        assert gained == sorted(gained, reverse=True)
        assert min(gained) > 0
    assert {numbers[image.file] for image in told.lost} == {3, 5, 9}
    assert {numbers[image.file] for image in told.won} == {2, 4, 6, 8, 10}


def test_a_mark_is_where_its_object_is(written, page):
    page.goto(written.file.as_uri())
    first = written.run.comparison.lost[0]
    scene = page.locator(".scene", has_text=first.file.rpartition("/")[2]).first
    points = scene.locator("svg polygon.right").first.get_attribute("points")
    assert points == "20.0,20.0 80.0,20.0 80.0,80.0 20.0,80.0"  # BIG, on 200 x 100 pixels
    for side, marks in zip(scene.locator(".sides > div").all(), (first.before, first.after), strict=True):
        assert [side.locator(f"polygon.{kind}").count() for kind in ("missed", "false", "right")] == [
            len(marks.missed), len(marks.false), len(marks.right),
        ]  # fmt: skip
        told = f"{len(marks.missed)} missed, {len(marks.false)} false, {len(marks.right)} right"
        assert side.locator("p").inner_text().endswith(told)


def test_a_picture_that_is_gone_is_left_out(tmp_path, written):
    shutil.copytree(written.run.dataset.folder, tmp_path / "version")
    data, told = type(written.run.dataset)(tmp_path / "version"), written.run.comparison
    data.image_path(told.won[0].file).unlink()
    assert len(scenes(told.won, data, "won")) == len(told.won) - 1


def test_the_worst_images_come_first(written):
    shown = [each["sides"][0] for each in worst(written.run.evaluation, written.run.dataset)]
    counted = sorted((sum(mistakes(evaluations.challenger, at)) for at in range(12)), reverse=True)
    assert [side["missed"] + side["false"] for side in shown] == [count for count in counted[:8] if count]


def test_every_image_with_a_mistake_leads_to_its_task(written, page):
    rows = written.rows(page, "#worst details.all")[1:]
    counted = [(FIRST + at, mistakes(evaluations.challenger, at)) for at in range(12)]
    assert {int(task): (int(missed), int(false)) for task, _, missed, false in rows} == {
        task: counts for task, counts in counted if sum(counts)
    }
    assert [int(row[2]) + int(row[3]) for row in rows] == sorted((sum(c) for _, c in counted if sum(c)), reverse=True)
    links = page.locator("#worst figcaption a").evaluate_all("all => all.map(each => [each.innerText, each.href])")
    assert len(links) == 8
    for told, link in links:
        assert link == written.run.dataset.images["link"][int(told.removeprefix("task ")) - 1].as_py()


def test_what_can_not_be_measured_is_left_out(written):
    nothing = float("nan")
    unknown, narrow = (
        comparison.Difference(0.5, nothing, nothing, nothing, 0.0),
        comparison.Difference(0.5, 0.6, nothing, nothing, 0.0),
    )
    figures = {"recall": unknown, "F1": narrow, f"mAP50-95/{HOSTILE}": unknown}
    shown = changes(replace(written.run.comparison, figures=figures), written.run.dataset, written.run.folder)
    assert [row["name"] for row in shown["figures"]] == ["F1"]
    assert (shown["figures"][0]["standing"], shown["classes"]) == ("even", [])


def test_it_says_since_when_the_champion_is_one(written, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told, name = written.run.comparison, written.run.dataset.folder.parent.name
    assert changes(told, written.run.dataset, Path("runs/now"))["since"] is None
    champions.note(name, told.champion, {})
    since = champions.read(name).since
    shown = changes(told, written.run.dataset, Path("runs/now"))
    assert shown["since"] == f"{since[:10]} {since[11:16]} UTC"
    champions.note(name, "another", {})  # this run's, which took its place
    assert changes(told, written.run.dataset, Path("runs/now"))["since"] is None


def test_settings_are_those_of_the_run_that_made_the_champion(written, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    version = written.run.comparison.champion
    for number, (name, epochs, crowned) in enumerate((("a", 60, 1), ("b", 5, 0), ("now", 3, 0)), start=1):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "pipeline.yaml").write_text(f"train: {{epochs: {epochs}, batch: 4}}\n")
        steps = [{"step": "promote", "figures": {"champion": crowned}}]
        state = {"number": number, "champion": {"version": version}, "steps": steps}
        (folder / "run.json").write_text(json.dumps(state))
    shown = changes(written.run.comparison, written.run.dataset, Path("runs/now"))
    assert shown["settings"] == {"train.epochs": [60, 3]}
    elsewhere = changes(replace(written.run.comparison, champion="9"), written.run.dataset, Path("runs/now"))
    assert elsewhere["settings"] == {}
