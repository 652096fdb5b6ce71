"""Nothing is lost in silence: what can happen to a task, a region or an image on the way, in words.

A loss is a row of `detector.data.annotations.LOSSES`. Its action is

excluded   a whole image does not reach the dataset
dropped    a region does not reach the dataset
changed    it does, but not exactly as it was drawn
"""

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa

from detector.data import annotations
from detector.data.annotations import LOSSES

REASONS = {
    # excluded images and tasks
    "unlabelled": "has no submitted annotation",
    "cancelled": "was skipped by the annotator",
    "draft_only": "has only a draft, never submitted",
    "prediction_only": "has only a model's prediction",
    "no_shapes": "was annotated, but with no shape that a detector learns",
    "not_drawable": "is an image that nobody could draw on: no shape control of the labelling configuration names it",
    "never_drawn_on": "is taken for an image that nobody could draw on: its field has no region in the whole export"
    " (pull.label_config can say otherwise)",
    "unreadable_task": "is no task that can be read",
    "repeated_task": "is in the export once more, the same",
    "no_image": "has no image",
    "no_txt": "has no txt",
    "outside_txt": "its txt is a link that leads out of the folder",
    "outside_image": "its image is a link that leads out of the folder",
    "outside_folder": "is a link to a folder that lies elsewhere, and was not followed",
    "unreadable_name": "its file name is no Unicode text",
    "lone_txt": "is a txt without a picture, and empty",
    "no_split": "is in none of the source's own splits",
    "missing_image": "its image was not found",
    "private_host": "its image lies on a private network, on a host that pull.private_hosts does not name",
    "ambiguous_image": "its image was not found, and the file of that name is another's",
    "broken_annotation": "its annotation file can't be read",
    "broken_image": "its image can't be decoded",
    "nothing_left": "had regions, but none of them could be kept: no background",
    "huge_image": "its image is larger than the limit",
    "tiny_image": "its image has fewer than ten pixels on a side, and YOLO trains on none of that",
    "size_differs": "its image is not the size that was annotated",
    "not_chosen_annotator": "has no annotation by the chosen annotator",
    "no_ground_truth": "has no annotation marked as ground truth",
    # dropped annotations and regions
    "cancelled_annotation": "is in an annotation that was skipped",
    "other_annotation": "is in an annotation that the policy did not choose",
    "no_consensus": "the annotators did not agree on it",
    "excluded_image": "is on an image that was excluded",
    "no_label": "has no label",
    "not_a_shape": "is no shape that a detector learns (choices, text, relation, keypoint, …)",
    "unreadable": "can't be read",
    "left_out": "has a label that convert.leave_out names",
    "malformed_row": "is no row of YOLO's format",
    "no_picture": "is in a txt without a picture",
    "second_txt": "is in a second, different txt of its picture",
    "malformed_region": "has no place that can be read",
    "crowd": "stands for a crowd, not for one object",
    "class_mask": "is a mask of classes, which tells no single objects apart",
    "part": "is a part of another object",
    "second_annotation": "is in a second annotation file of its picture",
    "other_control": "belongs to no image of the task (pull.label_config says which control shows which)",
    "zero_area": "has no area",
    "too_few_points": "has fewer than three points",
    "outside": "lies wholly outside the image",
    "duplicate": "is the same as another region of the image",
    "empty_mask": "is an empty mask",
    "broken_mask": "is a mask that can't be decoded at its image's size",
    # changed
    "clipped": "was cut at the image's edge",
    "envelope": "was replaced by the upright box around it",
    "corners": "was replaced by its four corners",
    "outlined": "was replaced by the polygon around it",
    "joined": "has several parts or holes, joined into one polygon",
    "label_left_out": "has, beside others, a label that convert.leave_out names",
    "several_labels": "has several labels, and became one object for each",
    "transposed": "its image was turned upright, as its EXIF tag says",
}


class Loss(NamedTuple):
    """One row of the loss table."""

    action: str
    what: str
    reason: str
    task_id: int | None
    region_id: str | None = None
    detail: str | None = None


def table(losses: Iterable[Loss]) -> pa.Table:
    """The losses as an Arrow table of schema LOSSES."""
    return annotations.table(losses, LOSSES)
