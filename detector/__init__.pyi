"""The names that detector loads when they are asked for, with their types."""

from detector.errors import DetectorError as DetectorError
from detector.errors import UsageError as UsageError
from detector.notebook import Dataset as Dataset
from detector.notebook import Evaluation as Evaluation
from detector.notebook import Run as Run
from detector.notebook import compare as compare
from detector.notebook import plan as plan
from detector.notebook import predict as predict
from detector.notebook import run as run
from detector.notebook import status as status

__all__: list[str]
__version__: str
