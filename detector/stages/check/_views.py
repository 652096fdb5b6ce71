"""Findings in FiftyOne: tags on samples and labels, and a saved view for each rule that found something."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from detector.browse import samples
from detector.browse.importing import Tags
from detector.browse.labels import TRUTH, labels_of
from detector.data.dataset import Dataset
from detector.stages.check._findings import WORDS, Finding

LISTED = 100_000  # samples at most of a view that names each, in an order of its own; MongoDB takes 16 MB of names


def load(dataset: Dataset, project: str, findings: Sequence[Finding]) -> Any:
    """The version in FiftyOne with the tags and saved views of `findings`, in place of an earlier check's.

    A person's own stay. Tags are loaded with the version, since to set those of a million labels takes longer.
    """
    images = _by_row((each.rule, each.observed.images) for each in findings if each.verdict != "passed")
    objects = _by_row((each.rule, each.observed.objects) for each in findings if each.verdict != "passed")
    tags, was_there = Tags(images, objects), samples.is_there(dataset, project)
    loaded = samples.load(dataset, project, tags)
    if was_there:
        _tag(loaded, dataset, tags)
    _save_views(loaded, dataset, findings)
    return loaded


def _by_row(found: Iterable[tuple[str, Iterable[int]]]) -> dict[int, list[str]]:
    rules: dict[int, list[str]] = defaultdict(list)
    for rule, rows in found:
        for row in rows:
            rules[int(row)].append(rule)
    return rules


def _tag(loaded: Any, dataset: Dataset, tags: Tags) -> None:
    """Replace the tags of an earlier check.

    All at once, since FiftyOne's `tag_labels` searches the ids of all labels for each of them.
    """
    inside = labels_of(dataset)
    images = _by_identity(samples.sample_ids(loaded, dataset), tags.images)
    labels = _by_identity(samples.label_ids(loaded, dataset), tags.objects)
    columns = loaded.values(["id", "tags", f"{inside}.id", f"{inside}.tags"])
    of_samples, of_labels = {}, {}
    for identity, old, ids, each in zip(*columns, strict=True):
        if (now := _retagged(old, images.get(identity))) != old:
            of_samples[identity] = now
        anew = [_retagged(old, labels.get(label)) for label, old in zip(ids or [], each or [], strict=True)]
        if anew != (each or []):
            of_labels[identity] = anew
    for field, values in (("tags", of_samples), (f"{inside}.tags", of_labels)):
        if values:
            loaded.set_values(field, values, "id", expand_schema=False, validate=False)


def _by_identity(ids: Sequence[str | None], tags: Mapping[int, Sequence[str]]) -> dict[str, Sequence[str]]:
    """What a person has deleted in the App has no id."""
    return {identity: of for row, of in tags.items() if (identity := ids[row])}


def _retagged(tags: Sequence[str] | None, rules: Sequence[str] | None) -> list[str]:
    return [tag for tag in tags or () if tag not in WORDS] + [*(rules or ())]


def _save_views(loaded: Any, dataset: Dataset, findings: Sequence[Finding]) -> None:
    for rule in set(WORDS) & set(loaded.list_saved_views()):
        loaded.delete_saved_view(rule)
    shown = [each for each in findings if each.verdict != "passed" and len(each.observed.images)]
    if not shown:
        return
    ids = samples.sample_ids(loaded, dataset)
    for finding in shown:
        identities = [identity for row in finding.observed.images if (identity := ids[row])]
        if identities:
            loaded.save_view(finding.rule, _view(loaded, finding, identities), description=finding.headline)


def _view(loaded: Any, finding: Finding, identities: Sequence[str]) -> Any:
    """What a rule found: the labels alone, or else the samples, doubles beside each other."""
    if len(finding.observed.objects):
        return loaded.select_labels(tags=finding.rule, fields=TRUTH)
    if len(identities) <= LISTED:
        return loaded.select(identities, ordered=True)
    return loaded.match_tags(finding.rule)
