"""Text files as editors, spreadsheets and shells leave them: a byte order mark, UTF-16, any line ends."""

import codecs
import re

_MARKS = (  # the longer first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def decode(content: bytes, errors: str = "strict") -> str:
    """The text without its mark. Raises UnicodeDecodeError where `errors` is `strict` and it is none."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors)
    return content.decode(_unmarked(content[:64]), errors)


def _unmarked(head: bytes) -> str:
    """The encoding of a text without a mark: in UTF-16, every second byte of plain words is 0."""
    if b"\0" not in head or len(head) < 2:
        return "utf-8"
    return "utf-16-le" if not any(head[1::2]) else "utf-16-be" if not any(head[::2]) else "utf-8"


def lines(text: str) -> list[str]:
    """The lines without the blanks around them; empty ones are left out. They end as on Unix, Windows or an old Mac."""
    return [line for line in map(str.strip, _LINE_ENDS.split(text)) if line]
