"""What pictures are fitted to: a square, or two sides."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

STRIDE, LEAST, MOST = 32, 32, 8192  # pixels
_SIDE = {"type": "integer", "minimum": LEAST, "maximum": MOST, "multipleOf": STRIDE}
_Side = Annotated[int, Field(ge=LEAST, le=MOST, multiple_of=STRIDE)]


def _two_or_one(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    if len(value) != 2:
        raise ValueError("is the side of a square in pixels, or [height, width], such as [384, 640]")
    return value[0] if value[0] == value[1] and isinstance(value[0], int) else value


def _kind(value: Any) -> str:
    return "sides" if isinstance(value, list | tuple) else "side"


Size = Annotated[
    Annotated[_Side, Tag("side")] | Annotated[tuple[_Side, _Side], Tag("sides")],
    Discriminator(_kind),
    BeforeValidator(_two_or_one),
    WithJsonSchema({"anyOf": [_SIDE, {"type": "array", "items": _SIDE, "minItems": 2, "maxItems": 2}]}),
]
