"""What a dataset and its predictions are as COCO's own files, and what pycocotools measures of those."""

import numpy as np
import pyarrow.compute as pc

from detector.data.raster import raster


def pycocotools(dataset, split, predictions, kind):
    """(mAP50-95, mAP50, mAP75) of a predictions.parquet, by pycocotools from its own JSON forms."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    known = COCO()
    known.dataset = _truth(dataset, split)
    known.createIndex()
    evaluation = COCOeval(known, known.loadRes(_results(dataset, predictions, kind)), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats[:3]


def overlap(one, other):
    """Intersection over union of two codes."""
    from pycocotools import mask

    return mask.iou([one], [other], [0])[0, 0]


def _truth(dataset, split):
    from pycocotools import mask

    images = {row: each for row, each in enumerate(dataset.images.to_pylist()) if each["split"] == split}
    annotations = []
    for number, each in enumerate((e for e in dataset.instances.to_pylist() if e["image"] in images), 1):
        picture = images[each["image"]]
        box = _corner(each, picture)
        annotation = {"id": number, "image_id": each["image"], "category_id": each["class_id"], "iscrowd": 0}
        annotation |= {"bbox": box, "area": box[2] * box[3]}
        if each["polygon"]:
            height, width = raster(picture["width"], picture["height"])
            points = np.array(each["polygon"]).reshape(-1, 2) * (width, height)
            code = mask.frPyObjects([points.ravel().tolist()], height, width)[0]
            annotation |= {"segmentation": code, "area": float(mask.area(code))}
        annotations.append(annotation)
    return {
        "images": [{"id": row, "width": each["width"], "height": each["height"]} for row, each in images.items()],
        "categories": [{"id": at, "name": name} for at, name in enumerate(dataset.classes)],
        "annotations": annotations,
    }


def _results(dataset, predictions, kind):
    images = dataset.images.to_pylist()
    results = []
    for each in predictions.to_pylist():
        picture = images[each["image"]]
        row = {"image_id": each["image"], "category_id": each["class_id"], "score": each["score"]}
        shape = {"bbox": _corner(each, picture)} if kind == "bbox" else {"segmentation": code_of(each, picture)}
        results.append(row | shape)
    return results


def code_of(prediction, picture):
    """The run-length code of a row of predictions.parquet, as pycocotools takes it."""
    return {"size": list(raster(picture["width"], picture["height"])), "counts": prediction["mask"]}


def _corner(each, picture):
    width, height = each["width"] * picture["width"], each["height"] * picture["height"]
    return [each["x"] * picture["width"] - width / 2, each["y"] * picture["height"] - height / 2, width, height]


def by_file(dataset, predictions):
    """The predictions of each picture of a version, by the stem of its file."""
    stems = [file and file.partition("/")[2].rpartition(".")[0] for file in dataset.images["file"].to_pylist()]
    rows = enumerate(stems)
    return {stem: predictions.filter(pc.equal(predictions["image"], row)).to_pylist() for row, stem in rows}
