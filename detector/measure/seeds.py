"""How much a figure differs between two trainings of one configuration that have other seeds.

The images of test say nothing about that, however many they are: two seeds are two models, and one of them is better.
What a model learns from few images depends on chance the most. Twenty seeds of a micro network on 120 images of the
sample project had a standard deviation of 0.028 in mAP50-95 after 30 epochs, and of 0.014 after 60, when all had
learned to tell the classes apart (`make test-contest`); three of the whole sample, with 143 images, had 0.017. The
largest is taken: a crown that is given too seldom costs less than one for nothing. With the images it is taken to fall
by their cube root.
"""

import math

MEASURED, ON = 0.028, 120  # standard deviation of mAP50-95, and images in train
MOST = 0.04


def between_seeds(images: int) -> float:
    """The standard deviation of an overall figure between seeds, by the number of images in train."""
    return min(MOST, MEASURED * math.cbrt(ON / max(images, 1)))
