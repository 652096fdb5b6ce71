"""A project's labelling configuration: which Image control shows which data field."""

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from detector.data.paths import IMAGE_ENDINGS
from detector.errors import UsageError

_REFERENCES = ("/data/", "s3://", "gs://", "azure-blob://")


def image_fields(config: str) -> dict[str, str]:
    """Image control name to data field, e.g. {"image": "photo"} for <Image name="image" value="$photo"/>.

    A control with `valueList` shows the images of a list.
    """
    try:
        root = ET.fromstring(config)  # noqa: S314 - expat loads no external entity, and the project's owner wrote it
    except ET.ParseError as error:
        raise UsageError(f"the labelling configuration is not XML: {error}") from error
    return {
        tag.get("name", ""): (tag.get("value") or tag.get("valueList") or "").lstrip("$") for tag in root.iter("Image")
    }


def guessed_images(data: Mapping[str, object]) -> dict[str, object]:
    """Without a configuration: what looks like images, each named by its data field, as if that were its control."""
    return {key: value for key, value in data.items() if _looks_like_image(value)}


def _looks_like_image(value: object) -> bool:
    if not isinstance(value, str):
        return isinstance(value, list) and bool(value) and all(map(_looks_like_image, value))
    path = value.lower()
    if "?" in path:
        path = path.partition("&" if "?d=" in value else "?")[0]
    return path.endswith(IMAGE_ENDINGS) or path.startswith(_REFERENCES)
