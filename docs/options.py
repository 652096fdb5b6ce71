"""Write the tables of options in docs/ from the schemas that check a pipeline.yaml: `make docs`.

A table stands between `<!-- options of SECTION -->` and `<!-- end -->`. SECTION is a section of pipeline.yaml, or
`pipeline` for the keys of the file itself. tests/docs/test_options.py fails while a table says something else.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from detector.commands.schema import schema
from detector.config.sections import DEFAULT_BACKENDS, SECTIONS, backends, options_of

DOCS = Path(__file__).parent
PART = re.compile(r"(<!-- options of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
HEAD = "| option | type | default | what it says |\n|---|---|---|---|"
_TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
_BOUNDS = {"minimum": "{} or more", "exclusiveMinimum": "more than {}", "maximum": "{} or less",
           "exclusiveMaximum": "less than {}", "multipleOf": "a multiple of {}"}  # fmt: skip
Schema = Mapping[str, Any]


def main() -> None:
    """Write every page anew."""
    for page in pages():
        page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")


def pages() -> list[Path]:
    """The pages that have a table of options."""
    return [page for page in sorted(DOCS.rglob("*.md")) if PART.search(page.read_text(encoding="utf-8"))]


def written(text: str) -> str:
    """A page, with its tables as the schemas are now."""
    return PART.sub(lambda part: f"{part[1]}\n{of_section(part[2])}\n{part[3]}", text)


def of_section(section: str) -> str:
    """The options of a section, for each of its backends."""
    if section == "pipeline":
        return _table(_own_keys())
    return "\n".join(_of_backend(section, using) for using in backends(section))


def _own_keys() -> Schema:
    """The schema of the file without its sections."""
    whole = schema()
    own = {name: value for name, value in whole["properties"].items() if name not in SECTIONS}
    return {**whole, "properties": own}


def _of_backend(section: str, using: str) -> str:
    model: type[BaseModel] = options_of(section, using)
    default = " (the default)" if DEFAULT_BACKENDS.get(section) == using else ""
    described = model.model_json_schema()
    own = {name: value for name, value in described["properties"].items() if name != "using"}
    return f"### `using: {using}`{default}\n\n{described['description']}\n\n{_table({**described, 'properties': own})}"


def _table(whole: Schema) -> str:
    return "\n".join([HEAD, *_rows(whole, whole.get("$defs", {}), ""), ""])


def _rows(model: Schema, definitions: Schema, within: str) -> Iterator[str]:
    """A row for each option, and below it those of the section that it is."""
    for name, option in model["properties"].items():
        inner = [_target(each, definitions) for each in _alternatives(option) if "$ref" in each]
        default = "required" if name in model.get("required", []) else _default(option, bool(inner))
        cells = (f"`{within}{name}`", _type(option, definitions), default, _told(option))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        for each in inner:
            yield from _rows(each, definitions, f"{within}{name}.")


def _told(option: Schema) -> str:
    examples = " or ".join(f"`{each}`" for each in option.get("examples", []))
    described = option["description"].replace("<", "\\<")
    return f"{described}; e.g. {examples}" if examples else described


def _default(option: Schema, is_section: bool) -> str:
    if "default" not in option:
        return "see below" if is_section else ""
    value = option["default"]
    return "none" if value is None else f"`{_plain(value)}`"


def _plain(value: object) -> str:
    """A value as it stands in a YAML file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _alternatives(option: Schema) -> list[Schema]:
    return list(option.get("anyOf", [option]))


def _target(option: Schema, definitions: Schema) -> Schema:
    target: Schema = definitions[option["$ref"].rpartition("/")[2]]
    return target


def _type(option: Schema, definitions: Schema) -> str:
    kinds = [_kind(each, definitions) for each in _alternatives(option) if each.get("type") != "null"]
    return " or ".join(dict.fromkeys(kinds))


def _kind(option: Schema, definitions: Schema) -> str:
    if "$ref" in option or "properties" in option:
        inner = option if "properties" in option else _target(option, definitions)
        return f"{{{', '.join(inner['properties'])}}}" if len(inner["properties"]) < 4 else "section"
    if "enum" in option or "const" in option:
        return " | ".join(f"`{_plain(value)}`" for value in option.get("enum", [option.get("const")]))
    if option.get("type") == "array":
        return _list(option, definitions)
    if option.get("type") == "object":
        return "mapping"
    return _simple(option)


def _list(option: Schema, definitions: Schema) -> str:
    if "prefixItems" in option:
        return f"[{', '.join(_type(each, definitions) for each in option['prefixItems'])}]"
    return f"list of {_type(option['items'], definitions)}"


def _simple(option: Schema) -> str:
    kind = {"path": "path", "password": "text, a secret"}.get(option.get("format", ""), _TYPES[option["type"]])
    bounds = [text.format(f"{option[name]:g}") for name, text in _BOUNDS.items() if name in option]
    return ", ".join([kind, *bounds])


if __name__ == "__main__":
    main()
