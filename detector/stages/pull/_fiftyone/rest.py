"""Pictures of a folder that have no label: listed without one, or named by no label file."""

import posixpath
from collections import Counter
from collections.abc import Set as AbstractSet

from detector.stages.pull._fiftyone.files import Folder
from detector.stages.pull._fiftyone.shapes import Drawn, Picture


def add_rest(drawn: Drawn, folder: Folder, named: AbstractSet[str]) -> None:
    """Those beside pictures that are named are unlabelled; other folders (of masks, say) are told by a note."""
    places = {posixpath.dirname(image) for image in named}
    elsewhere: Counter[str] = Counter()
    for image in folder.images:
        if image in named:
            continue
        place = posixpath.dirname(image)
        if place in places:
            drawn.pictures.append(Picture(image, None, "unlabelled"))
        else:
            elsewhere[place] += 1
    drawn.notes += [
        f"no label file names a picture of {place or 'the folder itself'}: {count:,} left aside"
        for place, count in sorted(elsewhere.items())
    ]


def mark_backgrounds(drawn: Drawn) -> None:
    """A picture that is listed without any label shows nothing."""
    used = {each.picture for each in drawn.shapes} | {each.picture for each in drawn.lost}
    empty = [at for at, each in enumerate(drawn.pictures) if each.status == "annotated" and at not in used]
    for at in empty:
        drawn.pictures[at] = drawn.pictures[at]._replace(status="background")
    if empty:
        drawn.notes.append(f"{len(empty):,} of the listed pictures have no label, and count as backgrounds")
