"""A model on pictures that nobody annotated.

model       which model: the champion, a run's, or a file; and from which score on it counts
predictors  what sees: an engine in its own runtime, or a checkpoint
pictures    which pictures and videos, read ahead of the model
seen        what the model sees, as the four forms that it is written in have it
written     labels/, predictions.json, coco.json
drawn       pictures/
"""

FORMS = ("pictures", "labels", "coco")  # what is written beside predictions.json
