"""Findings in FiftyOne: tags on samples and labels, and a saved view for each rule that found something."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from detector.browse import samples
from detector.data.dataset import Dataset
from detector.stages.check._findings import WORDS, Finding

LISTED = 100_000  # samples at most of a view that names each, in an order of its own; MongoDB takes 16 MB of names
Tags = list[str]


def mark(loaded: Any, dataset: Dataset, findings: Sequence[Finding]) -> None:
    """Replace the tags and saved views of an earlier check by those of `findings`; a person's own stay."""
    for rule in set(WORDS) & set(loaded.list_saved_views()):
        loaded.delete_saved_view(rule)
    identities = samples.sample_ids(loaded, dataset)
    images = {each.rule: _there(identities, each.observed.images) for each in findings if each.verdict != "passed"}
    shown = [each for each in findings if images.get(each.rule)]
    labels = samples.label_ids(loaded, dataset)
    objects = {each.rule: _there(labels, each.observed.objects) for each in shown}
    _tag(loaded, samples.labels_of(dataset), _by_identity(images), _by_identity(objects))
    for finding in shown:
        view = _view(loaded, finding.rule, images[finding.rule], of_labels=bool(objects[finding.rule]))
        loaded.save_view(finding.rule, view, description=finding.headline)


def _there(identities: Sequence[str | None], rows: Iterable[int]) -> list[str]:
    """The ids of these rows; what a person has deleted in the App has none."""
    return [identity for row in rows if (identity := identities[row])]


def _by_identity(found: Mapping[str, Iterable[str]]) -> dict[str, Tags]:
    rules: dict[str, Tags] = defaultdict(list)
    for rule, identities in found.items():
        for identity in identities:
            rules[identity].append(rule)
    return rules


def _tag(loaded: Any, inside: str, images: Mapping[str, Tags], labels: Mapping[str, Tags]) -> None:
    """Give samples and labels these tags in place of a check's earlier ones.

    All at once, since `tag_labels` searches the ids of all labels for each of them.
    """
    columns = loaded.values(["id", "tags", f"{inside}.id", f"{inside}.tags"])
    of_samples, of_labels = {}, {}
    for identity, tags, ids, each in zip(*columns, strict=True):
        if (now := _retagged(tags, images.get(identity))) != tags:
            of_samples[identity] = now
        anew = [_retagged(old, labels.get(label)) for label, old in zip(ids or [], each or [], strict=True)]
        if anew != (each or []):
            of_labels[identity] = anew
    for field, values in (("tags", of_samples), (f"{inside}.tags", of_labels)):
        if values:
            loaded.set_values(field, values, "id", expand_schema=False, validate=False)


def _retagged(tags: Tags | None, rules: Tags | None) -> Tags:
    return [tag for tag in tags or [] if tag not in WORDS] + (rules or [])


def _view(loaded: Any, rule: str, identities: Sequence[str], of_labels: bool) -> Any:
    """What a rule found: the labels alone, or else the samples, doubles beside each other."""
    if of_labels:
        return loaded.select_labels(tags=rule, fields=samples.TRUTH)
    return loaded.select(identities, ordered=True) if len(identities) <= LISTED else loaded.match_tags(rule)
