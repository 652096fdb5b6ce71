"""One entry for each region: Label Studio writes one for each control that says something of it, all with one id.

<Rectangle> and two <Labels> beside it make three entries; together they are one shape with two labels, in whatever
order they stand.
"""

from detector.label_studio.structs import LABELS, SHAPES, Region, Value

_LISTS = ("rectanglelabels", "polygonlabels", "brushlabels", "ellipselabels", "labels")


def joined(entries: list[Region]) -> list[Region]:
    """The regions of a result, each with all of its labels; `labels` that belong to none of them stay."""
    if len({entry.id for entry in entries if entry.type in SHAPES}) == len(entries):
        return entries  # shapes alone, and each of them once
    regions: dict[str, list[Region]] = {}
    for entry in entries:
        if entry.type != LABELS:
            _add(entry, regions.setdefault(entry.id, []))
    for entry in entries:
        if entry.type == LABELS and entry.id in regions:
            for region in regions[entry.id]:
                _label(region, _labels(entry.value))
    every = {id(region) for same in regions.values() for region in same}
    return [entry for entry in entries if id(entry) in every or (entry.type == LABELS and entry.id not in regions)]


def _add(entry: Region, same: list[Region]) -> None:
    """Put an entry among those of its id: it may be a second word on one of them."""
    labels = sorted(_labels(entry.value))
    for region in same:
        if entry.id and _place(entry) == _place(region) and (not labels or labels != sorted(_labels(region.value))):
            return _label(region, labels)
    same.append(entry)
    return None


def _place(region: Region) -> object:
    """What two entries of one shape have in common; of what is no shape, nothing."""
    value, kind = region.value, SHAPES.get(region.type)
    if kind is None:
        return id(region)
    sides = (value.x, value.y, value.width, value.height, value.radiusX, value.radiusY, value.rotation or 0)
    return kind, region.to_name, region.item_index, sides, value.points, value.rle


def _labels(value: Value) -> set[str]:
    return {label for name in _LISTS for label in getattr(value, name) or ()}


def _label(region: Region, labels: list[str] | set[str]) -> None:
    """Add labels to a region; sorted, since the order of its entries says nothing."""
    value = region.value
    every = sorted(_labels(value).union(labels))
    value.rectanglelabels = value.polygonlabels = value.brushlabels = value.ellipselabels = None
    value.labels = every
