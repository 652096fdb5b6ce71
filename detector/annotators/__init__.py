"""The way back to the annotators: what a model sees, on the tasks of the Label Studio project it learned from.

project      the project, its tasks, and their images
results      the objects on a picture → regions, by the project's own labelling configuration
chosen       which model, what was measured of it, and what its predictions are called
look         what it sees on each task
calibration  from scores to the chance of being right
order        which tasks matter most
standing     which tasks are annotated now, and which have a prediction
predictions  ours on the server: which are there, new ones in bulk, old ones away
push         all of this, for tasks that nobody annotated
viewed       what a run's weights see on all of its data
suspicions   where they and the labels disagree
memory       which of these were shown, and looked at
review       likely label mistakes; page: with pictures; doubts: on the tasks; view: in FiftyOne
"""

from typing import Literal

Order = Literal["uncertain", "diverse", "rare", "random"]  # which tasks matter most; see `order`
ORDERS: tuple[Order, ...] = ("uncertain", "diverse", "rare", "random")
