"""Everything that touches the `ultralytics` package: quietly, without the network, on all of the machine.

quiet       the package's own settings, output, downloads and threads, under control
weights     weights and architectures: found, fetched when asked for, identified by their content
measure     metrics of weights on a split, under plain names
predict     what weights see on pictures
"""

from detector.models.measure import measure, plain_names
from detector.models.predict import Objects, predict
from detector.models.quiet import device, quietly, threads_for
from detector.models.weights import architecture, find, fingerprint, load

__all__ = [
    "Objects",
    "architecture",
    "device",
    "find",
    "fingerprint",
    "load",
    "measure",
    "plain_names",
    "predict",
    "quietly",
    "threads_for",
]
