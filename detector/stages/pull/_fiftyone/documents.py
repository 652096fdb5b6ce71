"""JSON files as others write them: with NaN, which is no JSON, or in UTF-16."""

import json

import msgspec

from detector.errors import UsageError
from detector.stages.pull._fiftyone.files import Folder


class Keys(msgspec.Struct):
    """The keys of a JSON file that tell what it is; what they hold is not read."""

    images: msgspec.Raw = msgspec.Raw(b"")
    annotations: msgspec.Raw = msgspec.Raw(b"")
    categories: msgspec.Raw = msgspec.Raw(b"")
    labels: msgspec.Raw = msgspec.Raw(b"")


def opened(folder: Folder, file: str) -> tuple[bytes, Keys]:
    """A file as plain JSON, and its keys: none where it is no JSON object. Raises UsageError where it is not whole."""
    content = folder.read(file)
    try:
        return content, msgspec.json.decode(content, type=Keys)
    except msgspec.ValidationError:
        return content, Keys()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        content = _plain(folder, file, content)
    try:
        return content, msgspec.json.decode(content, type=Keys)
    except msgspec.ValidationError:
        return content, Keys()


def _plain(folder: Folder, file: str, content: bytes) -> bytes:
    try:
        return msgspec.json.encode(json.loads(content))  # what is no number becomes null
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{folder.root / file} is no whole JSON file: {error}; export it again, or take it out of the folder"
        ) from error
