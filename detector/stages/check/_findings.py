"""What the rules found, held against the limits: findings.json, notes for people, and the gate."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from detector.data.dataset import Dataset
from detector.errors import GateRefused
from detector.stages import Result
from detector.stages.check._limits import Limits
from detector.stages.check._rules import RULES
from detector.stages.check._tables import Observation, Tables
from detector.system.files import write_whole

EXAMPLES = 5
IMBALANCED = 10  # times; less is nothing to speak of
WORDS = {  # rule: what its number counts, and what to do about it
    "leaked_images": (
        "pictures in more than one split",
        "Remove the copies in the source, or keep them together with convert.split.group_by",
    ),
    "broken_images": ("broken or missing images", "Replace them in the source, or remove their tasks"),
    "dark_images": (
        "16-bit images that use 14 bits or fewer, so that YOLO, which keeps the upper 8, sees them dark",
        "Scale their values to all 16 bits in the source (12 bits: times 16), or save them with 8 bits",
    ),
    "classes_without_examples": (
        "classes without an object in train",
        "Annotate some, move images to train, or take the class out of `classes`",
    ),
    "classes_not_evaluated": (
        "classes without an object to be measured by",
        "Annotate more of them, or give val and test a larger share in convert.split",
    ),
    "out_of_range": (
        "objects with a class id or coordinates that YOLO does not allow",
        "Training would leave out their whole image: correct them in the source",
    ),
    "degenerate": ("objects under one pixel wide, high or large", "Delete or redraw them in the source"),
    "duplicates": ("objects with exactly the box of another one", "Delete the one too many in the source"),
    "tiny_objects": (
        "objects with a side under 3 pixels",
        "A detector hardly learns those: delete them, or use larger pictures",
    ),
    "class_imbalance": (
        "objects of the commonest class for each one of the rarest",
        "Annotate more of the rare class, or merge it with another in `classes`",
    ),
    "near_duplicate_images": (
        "images that are nearly the same as another one, or copies of it",
        "Keep one of each, to annotate less",
    ),
    "leaky_splits": (
        "images that are nearly the same as one in another split, or copies of it",
        "Keep them together with convert.split.group_by, or test results look better than they are",
    ),
}


class Finding(NamedTuple):
    """A rule, what it found, its limit, and the verdict: passed | warned | refused."""

    rule: str
    observed: Observation
    limit: str | float
    verdict: str

    @property
    def headline(self) -> str:
        """`objects with a side under 3 pixels: 12`."""
        return f"{WORDS[self.rule][0]}: {self.observed.number:,g}"


def examine(tables: Tables, limits: Limits, more: Mapping[str, Observation] | None = None) -> list[Finding]:
    """Every rule that is not off, in order; `more` holds what other means than the tables have found."""
    wanted = {rule: limit for rule in type(limits).model_fields if (limit := getattr(limits, rule)) != "off"}
    observations = {rule: look(tables) for rule, look in RULES.items() if rule in wanted} | dict(more or {})
    return [
        Finding(rule, observed, wanted[rule], _verdict(rule, observed, wanted[rule]))
        for rule, observed in observations.items()
    ]


def _verdict(rule: str, observed: Observation, limit: str | float) -> str:
    if isinstance(limit, str):
        return "warned" if observed.number >= (IMBALANCED if rule == "class_imbalance" else 1) else "passed"
    return "refused" if observed.number > limit else "passed"


def conclude(dataset: Dataset, tables: Tables, findings: list[Finding], folder: Path) -> Result:
    """Write findings.json into `folder`; then give the check's result, or refuse.

    Raises:
        GateRefused: a rule found more than it may.
    """
    file = folder / "findings.json"
    listed = [_plain(tables, finding) for finding in findings]
    plain = {"schema": 1, "version": dataset.version, "rules": listed}
    write_whole(file, json.dumps(plain, indent=1, ensure_ascii=False))
    refused = [finding for finding in findings if finding.verdict == "refused"]
    if refused:
        raise GateRefused(_refusal(dataset, tables, refused, file), file)
    warned = [finding for finding in findings if finding.verdict == "warned"]
    notes = [f"{finding.headline}{_which(tables, finding.observed)}" for finding in warned]
    summary = f"{len(findings)} rules, {len(warned)} warning{'s' * (len(warned) != 1)}"
    figures = {finding.rule: float(finding.observed.number) for finding in findings} | {"warnings": len(warned)}
    images = dataset.images.num_rows - dataset.images["file"].null_count
    return Result(folder, dataset.version, summary, figures, {"check": [file]}, notes, images)


def _which(tables: Tables, observed: Observation) -> str:
    """` (tasks 1, 2 and 3 more)`, for a note of one line."""
    tasks = list(dict.fromkeys(tables.images["task_id"].take(observed.images).to_pylist()))
    named = observed.details or [str(task) for task in tasks]
    more = f" and {len(named) - EXAMPLES:,} more" if len(named) > EXAMPLES else ""
    kind = "" if observed.details else "tasks " if len(tasks) > 1 else "task "
    return f" ({kind}{', '.join(named[:EXAMPLES])}{more})" if named else ""


def _refusal(dataset: Dataset, tables: Tables, refused: list[Finding], file: Path) -> str:
    lines = [f"version {dataset.version} failed its check; the limits are check.fail_on in pipeline.yaml"]
    for finding in refused:
        lines.append(f"  {finding.rule}: {finding.headline}, and {finding.limit:g} may pass")
        examples = list(_examples(tables, finding.observed))
        lines += [f"    {example}" for example in examples[:EXAMPLES]]
        if len(examples) > EXAMPLES:
            lines.append(f"    and {len(examples) - EXAMPLES:,} more")
        lines.append(f"    → {WORDS[finding.rule][1]}.")
    lines.append(f"All of them are listed in {file}")
    return "\n".join(lines)


def _examples(tables: Tables, observed: Observation) -> Iterator[str]:
    """One line each: the task, the file, where to open it."""
    yield from observed.details
    for row in tables.images.take(observed.images).select(["task_id", "file", "source", "link"]).to_pylist():
        yield "  ".join(filter(None, [f"task {row['task_id']}", row["file"] or row["source"], row["link"]]))


def _plain(tables: Tables, finding: Finding) -> dict[str, Any]:
    """A finding for findings.json, with everything that it found."""
    observed = finding.observed
    images = tables.images.select(["task_id", "file", "link"])
    objects = tables.instances.select(["task_id", "region_id", "annotator", "class_id"]).take(observed.objects)
    files = images["file"].take(tables.image[observed.objects])
    return {
        "rule": finding.rule,
        "counts": WORDS[finding.rule][0],
        "advice": WORDS[finding.rule][1],
        "number": observed.number,
        "limit": finding.limit,
        "verdict": finding.verdict,
        "details": observed.details,
        "images": images.take(observed.images).to_pylist(),
        "objects": objects.append_column("file", files).to_pylist(),
    }
