"""Measuring: predictions beside the truth, by COCO's rules, with intervals. Tables and arrays in, figures out."""

LIBRARIES = (  # what a figure depends on, the network's predictions among it
    "ultralytics-opencv-headless",
    "torch",
    "faster-coco-eval",
    "numpy",
    "opencv-python-headless",
    "pyarrow",
    "scipy",
)
