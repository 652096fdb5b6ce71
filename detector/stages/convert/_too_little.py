"""When train, val or test would have no image: what was lost, and the way out.

The split is blamed only where it is to blame: where most images are left.
"""

from collections.abc import Iterator

from detector.errors import UsageError
from detector.stages.convert._account import Account, sentences
from detector.stages.convert._options import Split
from detector.terms import SPLITS, counted

_LINES = 8  # of the account, in a message
_IN_LABEL_STUDIO = "Only submitted annotations count: label and submit the tasks in Label Studio"
_WAY_OUT = {  # the commonest reason why images are left out → what to do
    "unlabelled": _IN_LABEL_STUDIO,
    "draft_only": _IN_LABEL_STUDIO,
    "prediction_only": _IN_LABEL_STUDIO,
    "cancelled": _IN_LABEL_STUDIO,
    "no_shapes": "Draw boxes, outlines or masks: a detector learns nothing else",
    "not_drawable": "Name the image in a shape control of the labelling configuration",
    "never_drawn_on": "Give the labelling configuration as pull.label_config",
    "unreadable_task": "Export the project anew from Label Studio, as JSON",
    "no_image": "Check that the tasks' data name their images; pull.label_config can say in which field",
    "no_txt": "Put a txt beside each picture, or set pull.without_txt: background",
    "no_split": "Name the pictures in a list of the source, or divide them by convert.split",
    "missing_image": "Check the path of the pictures in `pull`",
    "ambiguous_image": "Keep the pictures in folders as the references name them",
    "broken_image": "Replace the pictures in the source",
    "size_differs": "Check that the pictures are those that were annotated",
    "not_chosen_annotator": "Check the e-mail address in pull.annotations",
    "no_ground_truth": "Mark annotations as ground truth, or set pull.annotations: latest",
    "no_consensus": "Look at where the annotators differ, or set pull.annotations: latest",
    "malformed_row": "Correct the rows: class x y width height, all but the class from 0 to 1",
    "left_out": "Take labels out of convert.leave_out",
}


def refuse_too_little(done: Account, split: Split) -> None:
    """Raise UsageError when a split has no image; `done` is the account of the conversion."""
    images = done["kept"]["images_in"]
    empty = [name for name in SPLITS if not images[name]]
    if not empty:
        return
    left, lost = sum(images.values()), sum(map(len, done["excluded"].values()))
    if not left + lost:
        raise UsageError("there is nothing to convert: the source has no task. Check what `pull` names")
    problem = f"{', '.join(empty[:-1])}{' and ' * (len(empty) > 1)}{empty[-1]} would be empty"
    account = "".join(f"\n    {line}" for line in sentences(_losses(done))[:_LINES])
    if lost > left:
        whole = f"{problem}: of {counted(left + lost, 'image')} {lost:,} can't be used.{account}\n{_way_out(done)}"
        raise UsageError(whole)
    raise UsageError(f"{problem}: {_blamed(split, empty[0], left)}.{account}")


def _losses(done: Account) -> Account:
    return {"dropped": done["dropped"], "changed": {}, "excluded": done["excluded"]}


def _way_out(done: Account) -> str:
    """What to do about the commonest reason; of images with nothing left on them, about why it was dropped."""
    return f"{next(_ways(done), 'Correct them in the source')}."


def _ways(done: Account) -> Iterator[str]:
    for action in ("excluded", "dropped"):
        for reason in done[action]:  # the commonest first
            if reason in _WAY_OUT:
                yield _WAY_OUT[reason]


def _blamed(split: Split, name: str, images: int) -> str:
    if split.field:
        return f"no task's {split.field!r} says {name}. Write it into some, or give convert.split.val and .test a share"
    if split.lists:
        return f"no list names an image for it. Add some to convert.split.lists.{name}, or give it a share"
    if name != "train" and not split.share(name):
        return f"convert.split.{name} is 0. Give it a share"
    larger = f"give convert.split.{name} a larger share (it is {split.share(name):g})"
    return (
        f"of {counted(images, 'image')} none fell there, as chance has it with so few. Add images, "
        f"{larger if name != 'train' else 'make the shares of val and test smaller'}, or say where each goes by "
        "convert.split.field or convert.split.lists"
    )
