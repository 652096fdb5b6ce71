"""The types of folders that FiftyOne imports and that hold single objects: by a short name, or by FiftyOne's own."""

from typing import Literal

Kind = Literal[
    "coco",
    "voc",
    "cvat",
    "kitti",
    "bdd",
    "yolov4",
    "yolov5",
    "openlabel",
    "openimages",
    "fiftyone",
    "fiftyone_detections",
    "fiftyone_labels",
    "COCODetectionDataset",
    "VOCDetectionDataset",
    "CVATImageDataset",
    "KITTIDetectionDataset",
    "BDDDataset",
    "YOLOv4Dataset",
    "YOLOv5Dataset",
    "OpenLABELImageDataset",
    "OpenImagesV7Dataset",
    "FiftyOneDataset",
    "FiftyOneImageDetectionDataset",
    "FiftyOneImageLabelsDataset",
]
CLASSES = {  # short name → FiftyOne's own
    "coco": "COCODetectionDataset",
    "voc": "VOCDetectionDataset",
    "cvat": "CVATImageDataset",
    "kitti": "KITTIDetectionDataset",
    "bdd": "BDDDataset",
    "yolov4": "YOLOv4Dataset",
    "yolov5": "YOLOv5Dataset",
    "openlabel": "OpenLABELImageDataset",
    "openimages": "OpenImagesV7Dataset",
    "fiftyone": "FiftyOneDataset",
    "fiftyone_detections": "FiftyOneImageDetectionDataset",
    "fiftyone_labels": "FiftyOneImageLabelsDataset",
}
