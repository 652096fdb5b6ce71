"""The JSON Schema of pipeline.yaml, put together from the pipeline's own keys and every backend's options."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from detector.config.pipeline import Head
from detector.config.sections import DEFAULT_BACKENDS, SECTIONS, backends, options_of


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12): each section is one of its backends, told apart by `using`."""
    models: dict[tuple[str, str], type[BaseModel]] = {("", "head"): Head}
    for stage in SECTIONS:
        for using in backends(stage):
            models[stage, using] = options_of(stage, using)
    references, whole = models_json_schema([(model, "validation") for model in models.values()])
    named = {place: references[model, "validation"] for place, model in models.items()}
    definitions = whole["$defs"]
    for (stage, using), reference in named.items():
        _finish(definitions[reference["$ref"].rpartition("/")[2]], stage, using)
    head = definitions.pop(named.pop(("", "head"))["$ref"].rpartition("/")[2])
    for stage in SECTIONS:
        known = [named[stage, using] for using in backends(stage)]
        one = known[0] if len(known) == 1 else {"anyOf": known}
        head["properties"][stage] = {"type": "array", "items": one} if stage == "export" else one
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **head, "$defs": definitions}


def _finish(definition: dict[str, Any], stage: str, using: str) -> None:
    """Say what pydantic can't: `using` is needed where there is a choice, and `classes` may be a list."""
    if not stage:
        classes = {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "object"}]}
        definition["properties"]["classes"] |= classes
        definition["properties"]["classes"].pop("type", None)
        definition["properties"]["classes"].pop("additionalProperties", None)
        definition["title"] = "pipeline.yaml"
        definition["required"] += ["pull"]
        return
    definition["title"] = f"{stage}: {using}"
    definition["required"] = definition.get("required", [])
    if using != DEFAULT_BACKENDS.get(stage):
        definition["required"] = ["using", *definition["required"]]
