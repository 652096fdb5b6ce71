"""The code of ours that a module runs: itself, what it imports, what that imports, and so on.

Imports are read from the syntax tree, wherever they stand: at the top or in a function, absolute or relative, of a
module or of a name in it, or by `import_module("…")`. Those that only a type checker sees (`if TYPE_CHECKING:`) run
nothing. Of each module the digest is of what it does: comments, docstrings and layout are left out.

Reading a syntax tree takes some milliseconds a module. So what was found is kept by the content of the file, in

    ~/.cache/detector/code.json      SHA-256 of a file → its digest, and what it imports

which may be deleted at any time.
"""

import ast
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple

from detector.system.cache import CACHE
from detector.system.files import write_whole

PACKAGE = __name__.partition(".")[0]
ROOT = Path(__file__).parents[1]
SHAPES_NO_OUTPUT = {
    PACKAGE,  # the version, which is not what the code does
    f"{PACKAGE}.errors",  # a step that raises gives no output
}
_KEPT = CACHE / "code.json"
_FORM = "1"  # of what is kept; another release may keep something else
_MOST = 2000  # modules, of this release and of those before it


class Module(NamedTuple):
    """A digest of what a module does, and the names that it imports: modules, or names in modules."""

    digest: str
    imports: tuple[str, ...]


@cache
def code_of(module: str) -> str:
    """12 hex digits that stand for the code of `module` and of all of ours that it imports."""
    known, before = _known(), len(_known())
    digests = "".join(f"{name} {part.digest}\n" for name, part in sorted(closure(module).items()))
    if len(known) > before:
        _keep(known)
    return hashlib.sha256(digests.encode()).hexdigest()[:12]


def closure(module: str) -> dict[str, Module]:
    """Our modules that `module` runs, by name, without those that shape no output."""
    modules: dict[str, Module] = {}
    waiting = {module}
    while waiting:
        name = waiting.pop()
        modules[name] = _read(name)
        waiting |= _imported_by(name) - modules.keys()
    return modules


@cache
def _imported_by(name: str) -> set[str]:
    """Our modules that importing this one runs: with a.b.c also the packages a.b and a."""
    own = [imported for imported in _read(name).imports if imported.partition(".")[0] == PACKAGE]
    return {part for imported in own for part in _with_parents(imported) if part in _files()} - SHAPES_NO_OUTPUT


def _with_parents(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


@cache
def _files() -> dict[str, str]:
    """The file of each of our modules. They are listed, since a name that is imported may be no module."""
    files: dict[str, str] = {}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [each for each in folders if each.isidentifier() and each != "__pycache__"]
        package = ".".join([PACKAGE, *Path(folder).relative_to(ROOT).parts])
        files |= {f"{package}.{name[:-3]}": f"{folder}/{name}" for name in names if name.endswith(".py")}
        if "__init__.py" in names:
            files[package] = f"{folder}/__init__.py"
    return files


def _file_of(name: str) -> Path | None:
    """The file of one of our modules; None for a name that is none."""
    file = _files().get(name)
    return Path(file) if file else None


@cache
def _read(name: str) -> Module:
    file = _file_of(name)
    if file is None:
        raise ModuleNotFoundError(name)
    content = file.read_bytes()
    key = hashlib.sha256(content).hexdigest()
    known = _known()
    if key not in known:
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        known[key] = parse(content, package)
    return known[key]


def parse(source: bytes, package: str) -> Module:
    """What a module in `package` does and imports."""
    tree = ast.parse(source)
    imports = dict.fromkeys(_imports(tree, package))
    return Module(hashlib.sha256(repr(_meaning(tree)).encode()).hexdigest()[:16], tuple(imports))


def _meaning(node: object) -> object:
    """A syntax tree as nested tuples: without positions, docstrings, and what is empty."""
    if isinstance(node, list):
        return tuple(map(_meaning, node))
    if not isinstance(node, ast.AST):
        return node
    fields = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    if "body" in fields and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        fields["body"] = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return type(node).__name__, *((name, _meaning(value)) for name, value in fields.items())


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
        yield module
        yield from (f"{module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call):
        yield from _by_name(node, package)
    inner = node.orelse if isinstance(node, ast.If) and _is_for_types(node.test) else ast.iter_child_nodes(node)
    for child in inner:
        yield from _imports(child, package)


def _is_for_types(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _by_name(call: ast.Call, package: str) -> Iterator[str]:
    """`import_module("a.b")` and `__import__("a.b")`."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if function in {"import_module", "__import__"} and call.args and isinstance(call.args[0], ast.Constant):
        name = str(call.args[0].value)
        yield resolve_name(name, package) if name.startswith(".") else name


@cache
def _known() -> dict[str, Module]:
    """What is kept, by the content of files. It is read once, and added to."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        kept = json.loads(_KEPT.read_bytes())
        if kept.pop("form") == _FORM:
            return {key: Module(digest, tuple(imports)) for key, (digest, imports) in kept.items()}
    return {}


def _keep(known: dict[str, Module]) -> None:
    """Keep what is known. Where that can't be, it is found anew each time."""
    with suppress(OSError):
        _KEPT.parent.mkdir(parents=True, exist_ok=True)
        write_whole(_KEPT, json.dumps({"form": _FORM} | dict(list(known.items())[-_MOST:])))
