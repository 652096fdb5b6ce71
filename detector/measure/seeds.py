"""How much a figure differs between two trainings of one configuration that have other seeds.

The images of test say nothing about that, however many they are: two seeds are two models, and one of them is better.
What a model learns from few images depends on chance the most. Three seeds of the sample project (143 images in train)
had a standard deviation of 0.017 in mAP50-95; with the images it is taken to fall by their cube root.
"""

import math

MEASURED, ON = 0.017, 143  # standard deviation of mAP50-95, and images in train
MOST = 0.03


def between_seeds(images: int) -> float:
    """The standard deviation of an overall figure between seeds, by the number of images in train."""
    return min(MOST, MEASURED * math.cbrt(ON / max(images, 1)))
