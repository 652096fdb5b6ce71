"""What a model learns to do."""

from typing import Literal

Task = Literal["detect", "segment"]  # boxes, or outlines of instances
