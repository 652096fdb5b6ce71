"""A comparison of two models as text."""

from collections.abc import Iterator, Mapping
from typing import Any

from detector.terms import counted

OVERALL = ("mAP50-95", "mAP50", "mAP75", "precision", "recall", "F1")
NAMED = 3  # images of each kind
Figures = Mapping[str, Mapping[str, float]]


def lines(comparison: Mapping[str, Any]) -> Iterator[str]:
    """What `detector compare` says to a person."""
    old, new, images = comparison["before"], comparison["after"], comparison["images"]
    yield f"before    {old['name']}, on version {old['dataset']} ({old['split']})"
    yield f"after     {new['name']}, on version {new['dataset']} ({new['split']})"
    yield f"images    {images['shared']:,} in common, of {images['before']:,} and {images['after']:,}"
    yield ""
    figures = comparison["figures"]
    classes = {name.partition("/")[2]: each for name, each in figures.items() if name.startswith("mAP50-95/")}
    yield from _table("", {name: figures[name] for name in OVERALL if name in figures})
    if len(classes) > 1:
        yield from _table("mAP50-95 of", classes)
    for each in comparison["slices"]:
        yield f"{each['field']} = {each['value']}: {_slice(each['before'])} to {_slice(each['after'])}"
    yield from _differences(comparison)


def _table(title: str, figures: Figures) -> Iterator[str]:
    width = max(map(len, (*figures, title)))
    yield f"{title:<{width}}  before   after  change  95 % of draws     better in"
    for name, each in figures.items():
        bounds = f"[{each['low']:+.3f}, {each['high']:+.3f}]"
        values = f"{each['before']:>6.3f}  {each['after']:>6.3f}  {each['change']:+.3f}"
        yield f"{name:<{width}}  {values}  {bounds}  {each['better']:>7.1%}"
    yield ""


def _slice(each: Mapping[str, Any]) -> str:
    if each["mAP50-95"] is None:
        return f"nothing to measure on {each['images']:,} images"
    low, high = each["interval"]
    return f"{each['mAP50-95']:.3f} [{low:.3f}, {high:.3f}] on {each['images']:,} images"


def _differences(comparison: Mapping[str, Any]) -> Iterator[str]:
    for key, (before, after) in comparison["parameters"].items():
        yield f"setting   {key}: {before} → {after}"
    if data := comparison["data"]:
        objects = data["objects"]
        changes = ", ".join(f"{objects[kind]:,} {kind}" for kind in ("added", "removed", "relabelled", "moved"))
        yield f"data      objects: {changes}; `detector diff {data['old']} {data['new']}` tells by class"
    yield f"images    {comparison['images_won']:,} with fewer mistakes, {comparison['images_lost']:,} with more"
    for word in ("won", "lost"):
        for each in comparison[word][:NAMED]:
            count = each["fewer_mistakes"]
            yield f"  {each['file']}: {counted(abs(count), 'mistake')} {'fewer' if count > 0 else 'more'}"
