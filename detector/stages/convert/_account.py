"""What a conversion did, for programs (conversion.json) and for people (card.md)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.agreement import sentence
from detector.data.losses import REASONS
from detector.terms import SPLITS

Account = dict[str, Any]


def account(task: str, classes: Sequence[str], images: pa.Table, instances: pa.Table, losses: pa.Table) -> Account:
    """conversion.json: what was kept, and everything that was dropped, changed or excluded, by reason."""
    links = _links(images, losses)
    return {
        "schema": 1,
        "task": task,
        "classes": list(classes),
        "kept": _kept(classes, images, instances),
        **{action: _listed(losses, action, links) for action in ("dropped", "changed", "excluded")},
    }


def _kept(classes: Sequence[str], images: pa.Table, instances: pa.Table) -> Account:
    split_of = pc.index_in(images["split"], pa.array(SPLITS))  # null where an image is left out
    cell = split_of.fill_null(0).to_numpy()[instances["image"]] * len(classes) + instances["class_id"].to_numpy()
    counts = np.bincount(cell, minlength=len(SPLITS) * len(classes)).reshape(len(SPLITS), len(classes))
    images_in = np.bincount(split_of.drop_null(), minlength=len(SPLITS)).tolist()
    return {
        "images": sum(images_in),
        "backgrounds": pc.sum(pc.equal(images["status"], "background")).as_py() or 0,
        "objects": instances.num_rows,
        "images_in": dict(zip(SPLITS, images_in, strict=True)),
        "objects_of": dict(zip(classes, counts.sum(axis=0).tolist(), strict=True)),
        "objects_in": {
            split: dict(zip(classes, row.tolist(), strict=True)) for split, row in zip(SPLITS, counts, strict=True)
        },
    }


def _links(images: pa.Table, losses: pa.Table) -> dict[int, str]:
    """Task id → the task's page in Label Studio, for tasks that lost something."""
    lost = images.filter(pc.and_(pc.is_in(images["task_id"], losses["task_id"]), pc.is_valid(images["link"])))
    return dict(zip(lost["task_id"].to_pylist(), lost["link"].to_pylist(), strict=True))


def _listed(losses: pa.Table, action: str, links: Mapping[int, str]) -> dict[str, list[Any]]:
    """Reason → entries: which task and region, what is to know of it, and where to look."""
    listed: dict[str, list[Any]] = {}
    for loss in losses.filter(pc.equal(losses["action"], action)).to_pylist():
        entry = {key: loss[key] for key in ("task_id", "region_id", "detail") if loss[key] is not None}
        if loss["task_id"] in links:
            entry["link"] = links[loss["task_id"]]
        listed.setdefault(loss["reason"], []).append(entry)
    return dict(sorted(listed.items(), key=lambda pair: -len(pair[1])))


def sentences(done: Account) -> list[str]:
    """One line for each reason: `2 regions dropped: has no area (tasks 27, 101)`."""
    lines = []
    for action in ("dropped", "changed", "excluded"):
        for reason, entries in done[action].items():
            lines.append(f"{len(entries):,} {action}: {REASONS[reason]} ({_which(entries)})")
    return lines


def _which(entries: Sequence[Mapping[str, Any]]) -> str:
    """`tasks 27, 101 and 3 more`; what belongs to no task is told by its file."""
    tasks = list(dict.fromkeys(str(entry["task_id"]) for entry in entries if "task_id" in entry))
    files = list(dict.fromkeys(str(entry.get("detail")) for entry in entries if "task_id" not in entry))
    named = [f"task{'s' * (len(tasks) > 1)} {_first(tasks)}"] if tasks else []
    return ", ".join([*named, _first(files)] if files else named)


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"


def card(name: str, version: str, done: Account) -> str:
    """card.md: what a person reads of a dataset version."""
    kept = done["kept"]
    lines = [
        f"# {name} {version}",
        "",
        f"{kept['images']:,} images ({kept['backgrounds']:,} of them backgrounds), {kept['objects']:,} objects of"
        f" {len(done['classes'])} classes, for `{done['task']}`.",
        "",
        "| class | id | " + " | ".join(SPLITS) + " | all |",
        "|---|---:|" + "---:|" * (len(SPLITS) + 1),
    ]
    for index, label in enumerate(done["classes"]):
        cells = [kept["objects_in"][split][label] for split in SPLITS]
        lines.append(f"| {label} | {index} | " + " | ".join(f"{n:,}" for n in [*cells, sum(cells)]) + " |")
    totals = [kept["images_in"][split] for split in SPLITS]
    lines.append("| *images* | | " + " | ".join(f"{n:,}" for n in [*totals, sum(totals)]) + " |")
    lines += _annotators(done.get("agreement"))
    for action, title in (("dropped", "Dropped"), ("changed", "Changed"), ("excluded", "Excluded")):
        lines += ["", f"## {title}", "", *(_reasons(done[action]) or ["Nothing."])]
    return "\n".join(lines) + "\n"


def _annotators(told: Mapping[str, Any] | None) -> list[str]:
    """Where people who annotated the same tasks differ; nothing where no two did."""
    if told is None:
        return []
    lines = ["", "## Annotators", "", f"{sentence(told)}.", "", "| label | objects | agreed | IoU | also called |"]
    lines.append("|---|---:|---:|---:|---|")
    for each in told["labels"]:
        others = ", ".join(f"{other} {count:,}" for other, count in each["also_called"].items())
        overlap = "" if each["iou"] is None else f"{each['iou']:.2f}"
        lines.append(f"| {each['label']} | {each['objects']:,} | {each['agreed']:.0%} | {overlap} | {others} |")
    return [*lines, "", "`detector review` tells who differs with whom, by name."]


def _reasons(listed: dict[str, list[Any]]) -> list[str]:
    lines = []
    for reason, entries in listed.items():
        tasks = {entry.get("task_id", entry.get("detail")): entry.get("link") for entry in entries}
        named = ", ".join(f"[{task}]({link})" if link else str(task) for task, link in [*tasks.items()][:20])
        more = f" and {len(tasks) - 20:,} more, listed in conversion.json" if len(tasks) > 20 else ""
        noun = "Tasks" if "task_id" in entries[0] else "Files"
        lines.append(f"- **{len(entries):,}** {REASONS[reason]}. {noun}: {named}{more}.")
    return lines
