"""Folders of labels as other tools write them, all of the same truth, with a picture for each."""

import json
import zlib
from pathlib import Path
from typing import NamedTuple

from detector.terms import SPLITS
from tests.support.exports import picture

SIZE = (200, 100)


class Truth(NamedTuple):
    """A picture: its name without an ending, its split, and its boxes: label, left, top, width, height in pixels."""

    name: str
    split: str
    boxes: tuple[tuple[str, float, float, float, float], ...]

    @property
    def rows(self) -> list[list[float]]:
        """What YOLO's label file says of it, for the classes car and person."""
        width, height = SIZE
        return [
            [["car", "person"].index(label), (x + w / 2) / width, (y + h / 2) / height, w / width, h / height]
            for label, x, y, w, h in self.boxes
        ]


def truth(each: int = 2) -> list[Truth]:
    """Pictures of every split, each with a box of its own; the second of a split has two."""
    made = []
    for at, (split, number) in enumerate((split, number) for split in SPLITS for number in range(each)):
        boxes = [("car", 20.0 + at, 10.0, 40.0, 20.0), ("person", 100.0, 50.0 - at, 50.0, 40.0)][: 1 + number % 2]
        made.append(Truth(f"{split}{number}", split, tuple(boxes)))
    return made


def document(pictures, prefix="", **more):
    """COCO's JSON of these pictures; `more` is added to each annotation."""
    images, annotations = [], []
    for at, each in enumerate(pictures, 1):
        images.append({"id": at, "file_name": f"{prefix}{each.name}.png", "width": SIZE[0], "height": SIZE[1]})
        for label, *box in each.boxes:
            number = len(annotations) + 1
            category = {"car": 3, "person": 9}[label]
            annotations.append(
                {"id": number, "image_id": at, "category_id": category, "bbox": box, "iscrowd": 0} | more
            )
    categories = [{"id": 3, "name": "car"}, {"id": 9, "name": "person"}]
    return {"images": images, "annotations": annotations, "categories": categories}


def write_json(file: Path, content) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def _picture(path: Path) -> None:
    """One that is the same in every process, and so in the same split."""
    picture(path, SIZE, zlib.crc32(path.name.encode()))


def coco(folder: Path, pictures) -> None:
    """As COCO itself: annotations/instances_train2017.json, train2017/; captions beside them."""
    for split in SPLITS:
        of = [each for each in pictures if each.split == split]
        write_json(folder / f"annotations/instances_{split}2017.json", document(of))
        write_json(folder / f"annotations/captions_{split}2017.json", {"images": [], "annotations": []})
        for each in of:
            _picture(folder / f"{split}2017/{each.name}.png")


def roboflow(folder: Path, pictures) -> None:
    """As Roboflow exports COCO: train, valid, test, each with its JSON beside its pictures."""
    for split in SPLITS:
        of = [each for each in pictures if each.split == split]
        place = folder / {"val": "valid"}.get(split, split)
        write_json(place / "_annotations.coco.json", document(of))
        for each in of:
            _picture(place / f"{each.name}.png")


def single(folder: Path, pictures) -> None:
    """As FiftyOne exports COCO: labels.json and data/, without splits."""
    write_json(folder / "labels.json", document(pictures))
    for each in pictures:
        _picture(folder / f"data/{each.name}.png")


def xml(each: Truth, size=SIZE, more="") -> str:
    """Pascal VOC's XML of one picture; `more` goes into its first object."""
    objects = [
        f"<object><name>{label}</name>{more if not at else ''}<bndbox><xmin>{x}</xmin><ymin>{y}</ymin>"
        f"<xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object>"
        for at, (label, x, y, w, h) in enumerate(each.boxes)
    ]
    sides = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    name = f"<folder>x</folder><filename>{each.name}.png</filename>"
    return f"<annotation>{name}{sides}{''.join(objects)}</annotation>"


def voc(folder: Path, pictures) -> None:
    """As Pascal VOC: JPEGImages, Annotations, ImageSets/Main."""
    for place in ("Annotations", "ImageSets/Main"):
        (folder / place).mkdir(parents=True)
    for each in pictures:
        _picture(folder / f"JPEGImages/{each.name}.png")
        (folder / f"Annotations/{each.name}.xml").write_text(xml(each))
    for split in SPLITS:
        names = [each.name for each in pictures if each.split == split]
        (folder / f"ImageSets/Main/{split}.txt").write_text("".join(f"{name}\n" for name in names))
    (folder / "ImageSets/Main/car_train.txt").write_text("test0 -1\n")


def roboflow_voc(folder: Path, pictures) -> None:
    """As Roboflow exports Pascal VOC: an XML beside each picture, a folder for each split."""
    for each in pictures:
        place = folder / {"val": "valid"}.get(each.split, each.split)
        _picture(place / f"{each.name}.png")
        (place / f"{each.name}.xml").write_text(xml(each))


def cvat_xml(pictures, more="") -> str:
    """CVAT's XML; `more` goes into each image."""
    images = []
    for at, each in enumerate(pictures):
        boxes = "".join(
            f'<box label="{label}" occluded="0" xtl="{x}" ytl="{y}" xbr="{x + w}" ybr="{y + h}" z_order="0"></box>'
            for label, x, y, w, h in each.boxes
        )
        name = f'name="{each.name}.png" subset="{each.split}" width="{SIZE[0]}" height="{SIZE[1]}"'
        images.append(f'<image id="{at}" {name}>{boxes}{more}</image>')
    return f'<?xml version="1.0"?><annotations><version>1.1</version>{"".join(images)}</annotations>'


def cvat(folder: Path, pictures) -> None:
    """As CVAT exports `CVAT for images 1.1` of a project: annotations.xml and images/<subset>/."""
    for each in pictures:
        _picture(folder / f"images/{each.split}/{each.name}.png")
    (folder / "annotations.xml").write_text(cvat_xml(pictures))
