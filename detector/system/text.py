"""Text files as editors, spreadsheets and shells leave them: a byte order mark, UTF-16, any line ends.

And text of strangers on its way to a terminal, which would take some characters for commands.
"""

import codecs
import json
import re

_MARKS = (  # the longer first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_COMMANDS = re.compile(  # C0 and C1 but tab and new line; what ends a line or turns its direction; half characters
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)


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


def plain_name(title: str) -> str:
    """A title as a name of folders: small letters, digits, `.`, `_` and `-`; empty where it has none of them."""
    return re.sub(r"[^a-z0-9._]+", "-", title.lower()).strip("-._")[:60]


def lines(text: str) -> list[str]:
    """The lines without the blanks around them; empty ones are left out. They end as on Unix, Windows or an old Mac."""
    return [line for line in map(str.strip, _LINE_ENDS.split(text)) if line]


def visible(text: str) -> str:
    """The text with what a terminal would obey, or can't show, written out as Python does it."""
    return _COMMANDS.sub(lambda command: ascii(command[0])[1:-1], text)


def json_line(value: object) -> str:
    """JSON on one line that a terminal shows as it is: what it would obey is escaped, as JSON may have it."""
    return _COMMANDS.sub(lambda command: f"\\u{ord(command[0]):04x}", json.dumps(value, ensure_ascii=False))
