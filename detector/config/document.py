"""pipeline.yaml as plain data, with the place in the file where each value stands.

Faults are collected, never raised: a person wants to see all of them at once.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from detector.errors import Fault
from detector.secrets import without_values

Key = str | int
Keys = tuple[Key, ...]
DEEPEST, MOST_VALUES = 30, 20_000  # more than any pipeline has
TOO_MUCH = "nested too deeply, or too large, for a pipeline"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


@dataclass
class Variables:
    """What the environment gave for one value: the names, the defaults in the file, and whether there was anything."""

    names: list[str] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)
    given: bool = False


@dataclass
class Document:
    """A parsed file: its data, where each path stands, and what is wrong with it so far."""

    text: str
    data: Any = None
    marks: dict[Keys, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    variables: dict[Keys, "Variables"] = field(default_factory=dict)

    def fault(self, keys: Keys, message: str) -> None:
        """Note that something is wrong at `keys`; it is shown at the nearest place that the file really has."""
        place = keys
        while place and place not in self.marks:
            place = place[:-1]
        line, column = self.marks.get(place, (0, 0)) if place or not keys else (0, 0)
        self.faults.append(Fault(dotted(keys), message, line, column, self.line(line)))

    def without_default(self, keys: Keys) -> None:
        """Advise no default for a variable at `keys`: it is a secret."""
        at = dotted(keys)
        self.faults = [
            replace(fault, message=fault.message.partition(", or write ${")[0]) if fault.path == at else fault
            for fault in self.faults
        ]

    def line(self, line: int) -> str:
        """The text of line `line`, counted from 1, without the value of what is secret by its name."""
        lines = self.text.splitlines()
        return (
            without_values(lines[line - 1]) if 0 < line <= len(lines) else ""
        )  # what is missing at the end is on no line


def dotted(keys: Keys) -> str:
    """("export", 1, "using") → export[1].using."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")


def parse(text: str, environment: Mapping[str, str] = os.environ) -> Document:
    """Parse YAML safely; `${VAR}` and `${VAR:-default}` come from `environment` and stay text."""
    document = Document(text)
    try:
        check_depth(text)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        document.faults.append(
            Fault("", f"not YAML: {error.problem or error.context}", line, column, document.line(line))
        )
        return document
    except (yaml.YAMLError, ValueError) as error:
        document.faults.append(Fault("", f"not YAML: {' '.join(str(error).split())}"))
        return document
    if node is not None:
        document.data = _Builder(document, environment).build(node, ())
    return document


def check_depth(text: str) -> None:
    """Raise YAMLError for what is nested so deeply that composing it would end the process for want of stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(TOO_MUCH)


class _Builder:
    """Turns nodes into data. yaml's own constructor would drop the marks, and accept a key given twice."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self.document = document
        self.environment = environment
        self.scalars = yaml.CSafeLoader("")
        self.built = 0

    def build(self, node: yaml.Node, keys: Keys) -> Any:
        self.document.marks.setdefault(keys, (node.start_mark.line + 1, node.start_mark.column + 1))
        self.built += 1
        if len(keys) > DEEPEST or self.built > MOST_VALUES:  # an alias may stand for itself, or for millions
            self._refuse_more(keys)
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*keys, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, keys)

    def _refuse_more(self, keys: Keys) -> None:
        if not any(fault.message == TOO_MUCH for fault in self.document.faults):
            self.document.fault(keys[:1], TOO_MUCH)

    def _mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[Key, Any]:
        built: dict[Key, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.fault(keys, "a key must be a word")
                continue
            key = key_node.value
            self.document.marks[*keys, key] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in built:
                self.document.fault((*keys, key), "given twice")
            built[key] = self.build(value_node, (*keys, key))
        return built

    def _scalar(self, node: yaml.Node, keys: Keys) -> Any:
        if "${" in node.value:
            self.document.variables[keys] = Variables()
            return _VARIABLE.sub(lambda match: self._variable(match, keys), node.value)
        try:
            return self.scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            self.document.fault(keys, f"not a value: {' '.join(str(error).split())}")
            return None

    def _variable(self, match: re.Match[str], keys: Keys) -> str:
        value = self.environment.get(match["name"], match["default"])
        variables = self.document.variables[keys]
        variables.names.append(match["name"])
        variables.defaults += [match["default"]] if match["default"] else []
        variables.given |= bool(self.environment.get(match["name"]))
        if value is None:
            self.document.fault(
                keys,
                f"the environment variable {match['name']} is not set; set it, or write ${{{match['name']}:-default}}",
            )
            return ""
        return value
