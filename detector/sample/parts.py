"""The parts that lie on the sample's tray: what they are made of, their shape, and where one can lie.

A shape is a signed distance function: how far, in pixels, a point lies outside the outline (negative inside). From it
follow the anti-aliased edge, the height of the surface, and the outline that an annotator would draw.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 320, 240
CLASSES = ("Screw", "Nut", "Washer")

Pixels = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]

MATERIALS = {  # colour (red, green, blue) and gloss
    "zinc": ((0.66, 0.68, 0.71), 0.55),
    "brass": ((0.80, 0.62, 0.27), 0.60),
    "copper": ((0.78, 0.45, 0.30), 0.55),
    "black oxide": ((0.20, 0.20, 0.22), 0.45),
}
MATERIALS_OF = {
    "Screw": ("zinc", "black oxide", "black oxide", "brass"),
    "Nut": ("brass", "brass", "brass", "zinc"),
    "Washer": ("zinc", "zinc", "copper", "copper"),
}


@dataclass(frozen=True)
class Part:
    """One part: centre, size (its width across, in pixels) and angle (radians clockwise) on the picture."""

    name: str
    x: float
    y: float
    size: float
    angle: float
    length: float  # of a screw along its axis; the size of any other part
    material: str

    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the picture that the part and its shadow can touch."""
        reach = np.hypot(self.length, self.size) / 2 + self.size * 0.7 + 3
        rows = slice(max(0, int(self.y - reach)), min(HEIGHT, int(self.y + reach) + 1))
        return rows, slice(max(0, int(self.x - reach)), min(WIDTH, int(self.x + reach) + 1))

    def mask(self) -> Mask:
        """Every pixel within the outer edge, the hole and what lies on top included; shape (HEIGHT, WIDTH)."""
        mask = np.zeros((HEIGHT, WIDTH), np.bool_)
        mask[self.window()] = self.outline() < 0
        return mask

    def outline(self) -> Pixels:
        """Signed distance to the outer edge for every pixel of the window."""
        u, v = self.axes()
        if self.name == "Screw":
            return np.minimum(_head(self, u, v), _shank(self, u, v))
        return _hexagon(u, v, self.size / 2) if self.name == "Nut" else np.hypot(u, v) - self.size / 2

    def body(self) -> Pixels:
        """Signed distance to the material, the outline less the hole, for every pixel of the window."""
        if self.name == "Screw":
            return self.outline()
        u, v = self.axes()
        hole = self.size * (0.26 if self.name == "Nut" else 0.27)
        return np.maximum(self.outline(), hole - np.hypot(u, v))

    def height(self, body: Pixels) -> Pixels:
        """Height of the surface above the tray in pixels: rounded edges, and the thread of a screw."""
        bevel = self.size * {"Screw": 0.5, "Nut": 0.16, "Washer": 0.055}[self.name]
        rise = np.clip(-body / bevel, 0, 1)
        surface: Pixels = bevel * np.sqrt(1 - (1 - rise) ** 2)
        if self.name == "Screw":
            u, v = self.axes()
            thread = 0.35 * np.sin(2 * np.pi * (u + 0.25 * v) / max(2.6, self.size * 0.22))
            surface += np.where(_head(self, u, v) > 0, thread, 0) * np.minimum(rise * 3, 1)
        return surface

    def axes(self) -> tuple[Pixels, Pixels]:
        """Coordinates along and across the part's axis for every pixel of the window."""
        rows, columns = self.window()
        across = np.arange(columns.start, columns.stop)[None, :] + 0.5 - self.x
        down = np.arange(rows.start, rows.stop)[:, None] + 0.5 - self.y
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return across * cos + down * sin, down * cos - across * sin


def _hexagon(u: Pixels, v: Pixels, apothem: float) -> Pixels:
    sides = [np.abs(u * np.cos(turn) + v * np.sin(turn)) for turn in (0, np.pi / 3, 2 * np.pi / 3)]
    distance: Pixels = np.maximum.reduce(sides) - apothem
    return distance


def _head(part: Part, u: Pixels, v: Pixels) -> Pixels:
    thickness = part.size * 0.36
    middle = -part.length / 2 + thickness / 2
    distance: Pixels = np.maximum(np.abs(u - middle) - thickness / 2, np.abs(v) - part.size / 2)
    return distance


def _shank(part: Part, u: Pixels, v: Pixels) -> Pixels:
    tip = part.length / 2
    half_width = np.minimum(part.size * 0.28, (tip - u) * 0.55)
    distance: Pixels = np.maximum.reduce([np.abs(v) - half_width, u - tip, -part.length / 2 - u])
    return distance


def scatter(rng: np.random.Generator, count: int, zoom: float) -> list[Part]:
    """Up to `count` parts that overlap a little, each mostly visible; later ones lie on top."""
    parts: list[Part] = []
    visible: list[Mask] = []
    for _ in range(count * 3):
        part = _toss(rng, zoom)
        mask = part.mask()
        left = [seen & ~mask for seen in visible]
        if _mostly_in_view(part, mask) and all(map(_mostly_visible, left, parts)):
            parts.append(part)
            visible = [*left, mask]
        if len(parts) == count:
            break
    return parts


def _toss(rng: np.random.Generator, zoom: float) -> Part:
    name = str(rng.choice(CLASSES))
    size = zoom * float(rng.uniform(*{"Screw": (26, 38), "Nut": (32, 54), "Washer": (34, 58)}[name]))
    length = size * float(rng.uniform(1.8, 2.7)) if name == "Screw" else size
    x, y = rng.uniform((8, 8), (WIDTH - 8, HEIGHT - 8))
    material = str(rng.choice(MATERIALS_OF[name]))
    return Part(name, float(x), float(y), size, float(rng.uniform(0, 2 * np.pi)), length, material)


def _mostly_in_view(part: Part, mask: Mask) -> bool:
    """Whether at most a fifth of the part lies beyond the edge of the picture."""
    whole = {"Screw": 0.5 * part.size * part.length, "Nut": 0.866 * part.size**2, "Washer": 0.785 * part.size**2}
    return bool(mask.sum() > 0.8 * whole[part.name])


def _mostly_visible(visible: Mask, part: Part) -> bool:
    return bool(visible.sum() > 0.85 * (part.outline() < 0).sum())
