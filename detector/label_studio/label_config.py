"""A project's labelling configuration: which Image control shows what, and whether anybody could draw on it.

Tags and attributes: https://labelstud.io/tags/image and …/repeater. A value is `$field`, a path into nested data
(`$photo.url`, `$pages[0]`), or a text with such variables in it (`/data/local-files/?d=imgs/$file`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from detector.data.paths import IMAGE_ENDINGS
from detector.errors import UsageError
from detector.label_studio.structs import SHAPES

_REFERENCES = ("/data/", "s3://", "gs://", "azure-blob://")
_VARIABLE = re.compile(r"\$([\w.\[\]]*\w\]?)")  # as Label Studio's own front end reads them
_STEPS = re.compile(r"[^.\[\]]+")
IDX = "{{idx}}"  # what a Repeater writes the number into, unless its indexFlag says otherwise


class Canvas(NamedTuple):
    """An Image control: its name, the text or path of what it shows, and whether a shape control names it.

    In a Repeater, `pages` is the path of the list that it goes through, and `flag` stands for the number in the list.
    """

    name: str
    value: str
    drawable: bool
    pages: str = ""
    flag: str = IDX


def canvases(config: str | bytes) -> tuple[Canvas, ...]:
    """The Image controls of a labelling configuration. Raises UsageError for what can't be understood."""
    root = parsed(config)
    drawn_on = {
        name.strip()
        for tag in root.iter()
        if tag.tag.lower() in SHAPES
        for name in attributes_of(tag).get("toname", "").split(",")
    }
    controls = (_canvas(attributes_of(tag), drawn_on, repeater) for tag, repeater in _images(root))
    return tuple(canvas for canvas in controls if canvas.value)


def parsed(config: str | bytes) -> ET.Element:
    """Its tags. Raises UsageError for what is no XML."""
    try:
        return ET.fromstring(config)  # noqa: S314 - expat loads no external entity, and the project's owner wrote it
    except (ET.ParseError, ValueError, LookupError) as error:  # the last two for an encoding that expat does not know
        raise UsageError(f"the labelling configuration is not XML: {error}") from error


def _images(tag: ET.Element, repeater: ET.Element | None = None) -> Iterator[tuple[ET.Element, ET.Element | None]]:
    """Each Image tag, with the Repeater around it."""
    for child in tag:
        if child.tag.lower() == "image":
            yield child, repeater
        inner = child if child.tag.lower() == "repeater" else repeater
        if inner is not repeater and repeater is not None:
            raise UsageError("the labelling configuration has a Repeater in a Repeater, which detector does not read")
        yield from _images(child, inner)


def attributes_of(tag: ET.Element) -> dict[str, str]:
    """The attributes of a tag, by names in lower case."""
    return {name.lower(): value for name, value in tag.items()}


def _canvas(image: dict[str, str], drawn_on: set[str], repeater: ET.Element | None) -> Canvas:
    name, value = image.get("name", ""), (image.get("value") or image.get("valuelist") or "").strip()
    canvas = Canvas(name, value, name in drawn_on)
    if repeater is not None:
        attributes = attributes_of(repeater)
        canvas = canvas._replace(pages=attributes.get("on", "").lstrip("$"), flag=attributes.get("indexflag") or IDX)
    if not _understood(canvas):
        if canvas.drawable:
            raise UsageError(
                f'the labelling configuration has <Image name="{name}" value="{value}">, and that value can\'t be'
                " understood: write $field, $field.key, or an address with $field in it"
            )
        return canvas._replace(value="")  # nobody could draw on it anyway
    return canvas


def _understood(canvas: Canvas) -> bool:
    value = canvas.value.replace(canvas.flag, "0") if canvas.pages else canvas.value
    rest = _VARIABLE.sub("", value)
    return not {"$", "{", "}"} & set(rest) and (rest != value or looks_like_image(value))


def shown(canvases_: tuple[Canvas, ...], data: Mapping[str, Any]) -> dict[str, str]:
    """Image control → the reference that it shows; of a control that shows a list, `control[0]` and so on."""
    sources: dict[str, str] = {}
    for canvas in canvases_:
        for name, value in _values(canvas, data):
            sources |= _named(name, value)
    return sources


def _named(name: str, value: object) -> dict[str, str]:
    if isinstance(value, list):
        return {f"{name}[{at}]": each for at, each in enumerate(value) if each and isinstance(each, str)}
    return {name: value} if value and isinstance(value, str) else {}


def _values(canvas: Canvas, data: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    if not canvas.pages:
        yield canvas.name, _filled(canvas.value, data)
        return
    pages = _get(canvas.pages, data)
    for at in range(len(pages) if isinstance(pages, list) else 0):
        name, value = (text.replace(canvas.flag, str(at)) for text in (canvas.name, canvas.value))
        yield name, _filled(value, data)


def _filled(value: str, data: Mapping[str, Any]) -> object:
    """What a value means in a task's data; None where the task has not all of it."""
    if value[:1] == "$" and value[1:] in data:
        return data[value[1:]]
    if whole := _VARIABLE.fullmatch(value):
        return _get(whole[1], data)
    words = [_get(path, data) for path in _VARIABLE.findall(value)]
    if any(not isinstance(word, str | int | float) or word == "" for word in words):
        return None
    replacements = iter(words)
    return _VARIABLE.sub(lambda _: str(next(replacements)), value)


def _get(path: str, data: Any) -> Any:
    """What lies at `photo.url` or `pages[0].url`; None where nothing does."""
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for step in _STEPS.findall(path):
        if isinstance(data, list) and step.isdecimal() and int(step) < len(data):
            data = data[int(step)]
        else:
            data = data.get(step) if isinstance(data, Mapping) else None
    return data


def guessed_images(data: Mapping[str, object]) -> dict[str, str]:
    """Without a configuration: what looks like images, each named by its data field, as if that were its control."""
    sources: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, str):
            if _is_reference(value):
                sources[key] = value
        elif isinstance(value, list | dict):
            inner = value if isinstance(value, dict) else {"": value}
            for name, each in inner.items():
                if looks_like_image(each):
                    sources |= _named(f"{key}.{name}" if name else key, each)
    return sources


def looks_like_image(value: object) -> bool:
    """Whether it is a reference to an image, or a list of some."""
    if isinstance(value, str):
        return _is_reference(value)
    return isinstance(value, list) and bool(value) and all(map(looks_like_image, value))


def _is_reference(value: str) -> bool:
    path = value.lower()
    if "?" in path:
        path = path.partition("&" if "?d=" in value else "?")[0]
    return path.endswith(IMAGE_ENDINGS) or path.startswith(_REFERENCES)
