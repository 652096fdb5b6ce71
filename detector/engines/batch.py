"""How many pictures an engine takes at once."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

RANGES = "[1, 16], or {min: 1, optimum: 8, max: 16}"


class Batch(BaseModel):
    """How many pictures the engine takes at once, and the number that it is optimised for: `max` when left out.

    In pipeline.yaml it is 8, [1, 16] or {min: 1, optimum: 8, max: 16}.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    min: PositiveInt = Field(description="fewest pictures at once")
    optimum: PositiveInt = Field(description="the number that it is fastest with")
    max: PositiveInt = Field(description="most pictures at once")

    def __str__(self) -> str:
        """As it is in the names of steps and files: 8, 1-16 or 1-8-16."""
        return "-".join(map(str, dict.fromkeys((self.min, self.optimum, self.max))))

    @model_validator(mode="before")
    @classmethod
    def _in_full(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return {"min": value, "optimum": value, "max": value}
        if isinstance(value, list | tuple) and len(value) == 2:
            return {"min": value[0], "optimum": value[1], "max": value[1]}
        if isinstance(value, dict):
            return {"optimum": value.get("max", 1)} | value
        raise ValueError(f"is a number of pictures, or a range: {RANGES}")

    @model_validator(mode="after")
    def _rises(self) -> "Batch":
        if not self.min <= self.optimum <= self.max:
            raise ValueError(f"a range goes from few to many: {RANGES}")
        return self

    @property
    def varies(self) -> bool:
        """Whether more than one number of pictures is possible."""
        return self.min < self.max
