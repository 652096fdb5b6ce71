"""Findings in FiftyOne: tags on samples and labels, and a saved view for each rule that found something."""

from collections.abc import Sequence
from typing import Any

from detector.browse import samples
from detector.data.dataset import Dataset
from detector.stages.check._findings import WORDS, Finding


def mark(loaded: Any, dataset: Dataset, findings: Sequence[Finding]) -> None:
    """Replace the tags and saved views of an earlier check by those of `findings`."""
    _forget(loaded)
    images, labels = samples.sample_ids(loaded, dataset), samples.label_ids(loaded, dataset)
    for finding in findings:
        identities = [identity for row in finding.observed.images if (identity := images[row])]
        if finding.verdict == "passed" or not identities:
            continue
        loaded.select(identities).tag_samples(finding.rule)
        view = loaded.select(identities, ordered=True)  # doubles stay beside each other
        if len(finding.observed.objects):
            flagged = [labels[row] for row in finding.observed.objects]
            loaded.select_labels(ids=flagged, fields=samples.TRUTH).tag_labels(finding.rule)
            view = loaded.select_labels(tags=finding.rule, fields=samples.TRUTH)
        loaded.save_view(finding.rule, view, description=finding.headline)


def _forget(loaded: Any) -> None:
    loaded.untag_samples(list(WORDS))
    loaded.untag_labels(list(WORDS), label_fields=samples.TRUTH)
    for rule in set(WORDS) & set(loaded.list_saved_views()):
        loaded.delete_saved_view(rule)
