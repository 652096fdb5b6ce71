"""The controls of a labelling configuration that shapes are drawn with: on which image, and with which labels.

Tags and attributes: https://labelstud.io/tags/rectanglelabels and its like. <Rectangle>, <Polygon> and <Brush> have no
labels of their own; a <Labels> on the same image names what is drawn with them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

from detector.label_studio.label_config import IDX, attributes_of, parsed
from detector.label_studio.structs import LABELS, SHAPES

_LABEL = "label"


class Control(NamedTuple):
    """A control that shapes are drawn with.

    `kind` is its tag in lower case, which is the `type` of its results. `images` are the Image controls it draws on.
    `labels` are as results have them: a label's alias where it has one. `named_by` is the <Labels> that has them, where
    the control has none itself. In a Repeater, `flag` stands for the number in the list, in all of these names.
    """

    name: str
    kind: str
    images: tuple[str, ...]
    labels: tuple[str, ...]
    named_by: str = ""
    flag: str = ""

    @property
    def shape(self) -> str:
        """What is drawn with it: rectangle, polygon, brush or ellipse."""
        return SHAPES[self.kind]


def controls(config: str | bytes) -> tuple[Control, ...]:
    """The controls that name what they draw, in their order. Raises UsageError for what is no XML."""
    tags = list(_tags(parsed(config)))
    names = [_control(tag, flag) for tag, flag in tags if tag.tag.lower() == LABELS]
    shapes = [_control(tag, flag) for tag, flag in tags if tag.tag.lower() in SHAPES]
    return tuple(each for shape in shapes for each in _named(shape, names))


def labels_instead(drawn_with: Sequence[Control], wanted: Iterable[str]) -> str | None:
    """What the controls have, where none of them has a label that is wanted; None where one does."""
    known = {label for control in drawn_with for label in control.labels}
    return (", ".join(sorted(known)) or "none") if known.isdisjoint(wanted) else None


def _tags(tag: ET.Element, flag: str = "") -> Iterator[tuple[ET.Element, str]]:
    """Each tag, with what stands for the number in the Repeater around it."""
    for child in tag:
        yield child, flag
        inside = (attributes_of(child).get("indexflag") or IDX) if child.tag.lower() == "repeater" else flag
        yield from _tags(child, inside)


def _control(tag: ET.Element, flag: str) -> Control:
    attributes = attributes_of(tag)
    images = tuple(name.strip() for name in attributes.get("toname", "").split(",") if name.strip())
    labels = (each for each in tag.iter() if each.tag.lower() == _LABEL)
    texts = dict.fromkeys(each.get("alias") or each.get("value") or "" for each in labels)
    return Control(attributes.get("name", ""), tag.tag.lower(), images, tuple(filter(None, texts)), "", flag)


def _named(shape: Control, names: list[Control]) -> Iterator[Control]:
    """The control itself where it has labels, or once for each <Labels> on the same image."""
    if shape.kind.endswith(LABELS):
        yield shape
        return
    for each in names:
        if shared := tuple(image for image in shape.images if image in each.images):
            yield shape._replace(images=shared, labels=each.labels, named_by=each.name)
