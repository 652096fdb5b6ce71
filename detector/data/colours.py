"""The colour of each class, the same in every picture that is drawn here and in FiftyOne."""

import colorsys

# Okabe and Ito's palette for any eye, https://jfly.uni-koeln.de/color/, brightened for dark photographs
PALETTE = ("#56B4E9", "#F0A500", "#2BC48A", "#E58CC0", "#F0E442", "#4C8DFF", "#FF8A5B")
RIGHT, FALSE, MISSED = "#FFFFFF", "#FF3B30", "#F5A300"  # of predictions, and of objects that none finds
_GOLDEN = 0.618033988749895  # of a turn: hues that are never near the ones before


def of_class(class_id: int) -> str:
    """As `#rrggbb`; after the palette come further hues, none twice."""
    if class_id < len(PALETTE):
        return PALETTE[class_id]
    turn = class_id * _GOLDEN % 1
    light, strong = (0.62, 0.78) if class_id % 2 else (0.5, 0.6)
    return _hex(*colorsys.hls_to_rgb(turn, light, strong))


def _hex(*parts: float) -> str:
    return "#" + "".join(f"{round(part * 255):02X}" for part in parts)
