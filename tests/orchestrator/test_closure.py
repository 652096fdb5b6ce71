"""The code that a step runs: nothing that shapes its output is missed, and nothing else counts."""

import ast
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import detector
from detector import stages
from detector.orchestrator import closure
from detector.terms import STAGES

PACKAGE = Path(detector.__file__).parent
BACKENDS = [f"detector.stages.{stage}.{using}" for stage in STAGES for using in stages.names(stage)]
NO_OUTPUT = {
    "bson": "ids of FiftyOne's documents",
    "fiftyone": "shows what was measured, where it is no library of the backend",
    "httpx": "carries bytes",
    "httpcore": "carries bytes",
    "matplotlib": "lends a font",
    "pydantic": "checks options, which are in the key themselves",
    "psutil": "tells what memory is free",
    "pymongo": "carries documents",
}
RTX_TOO = ("cv2", "faster_coco_eval", "numpy", "onnxruntime", "pyarrow", "tensorrt")
MORE_THAN_IT_USES = {  # imported by a module that has more in it than the backend uses
    ("detector.stages.convert.yolo", "PIL"),
    ("detector.stages.pull.fiftyone", "scipy"),
    ("detector.stages.pull.label_studio", "scipy"),
    ("detector.stages.pull.label_studio_export", "scipy"),
    ("detector.stages.check.fiftyone", "msgspec"),
    ("detector.stages.evaluate.ultralytics", "msgspec"),
    *(("detector.stages.export.tensorrt", name) for name in ("cv2", "faster_coco_eval", "numpy", "pyarrow")),
    *(("detector.stages.export.tensorrt_rtx", name) for name in RTX_TOO),
    ("detector.stages.train.ultralytics", "pyarrow"),
    ("detector.stages.train.ultralytics", "yaml"),
}


class _WithoutTypes(ast.NodeTransformer):
    """Drops what only a type checker runs."""

    def visit_If(self, node):
        self.generic_visit(node)
        return node.orelse if ast.unparse(node.test) == "TYPE_CHECKING" else node


def by_ast(name, known):
    """The closure, found another way: each module's tree walked whole, each name tried as a module."""
    seen, waiting = set(), [name]
    while waiting:
        module = waiting.pop()
        parts = module.split(".")
        waiting += [".".join(parts[:-1])] if len(parts) > 1 and module not in seen else []
        if module in seen or module not in known or module in closure.SHAPES_NO_OUTPUT:
            continue
        seen.add(module)
        for node in ast.walk(_WithoutTypes().visit(ast.parse(known[module].read_text(encoding="utf-8")))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return seen


@pytest.fixture(scope="module")
def known():
    files = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file for file in PACKAGE.rglob("*.py")}
    return {name.removesuffix(".__init__"): file for name, file in files.items()}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_closure_equals_one_made_with_ast(backend, known):
    assert closure.closure(backend).keys() == by_ast(backend, known)


def test_what_is_imported_when_it_runs_is_in_the_closure():
    """In a new process: importing every module of the closures loads no other module of ours."""
    names = {name for backend in BACKENDS for name in closure.closure(backend)}
    code = (
        "import importlib, sys\n"
        f"for name in {sorted(names)}: importlib.import_module(name)\n"
        "print(*(name for name in sys.modules if name.partition('.')[0] == 'detector'))\n"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) - closure.SHAPES_NO_OUTPUT == names


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_library_that_shapes_the_output_is_named(backend):
    imports = {name.partition(".")[0] for module in closure.closure(backend).values() for name in module.imports}
    distributions = packages_distributions()
    libraries = stages.load(*backend.split(".")[2:]).LIBRARIES
    for name in imports - sys.stdlib_module_names - {"detector"} - NO_OUTPUT.keys():
        if (backend, name) not in MORE_THAN_IT_USES:
            known = {name.replace("_", "-"), *(each.lower() for each in distributions.get(name, []))}
            assert known & set(libraries), f"{backend} imports {name}"


FORMS = [
    "import detector.models.measure",
    "import detector.models.measure as measuring",
    "from detector import models, errors\nfrom detector.models import measure",
    "from detector.models import measure",
    "from detector.models.measure import measure",
    "from detector.models.measure import (\n    measure,\n)",
    "def run():\n    if True:\n        from detector.models.measure import measure",
    "class Backend:\n    import detector.models.measure",
    "from ..models.measure import measure",
    "from ..models import measure",
    "from .. import models as m; from ..models import measure as n",
    "import importlib\nimportlib.import_module('detector.models.measure')",
    "from importlib import import_module\nimport_module('..models.measure', 'detector.stages')",
    "__import__('detector.models.measure')",
    "try:\n    import detector.models.measure\nexcept ImportError:\n    pass",
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_import_is_one(form):
    assert "detector.models.measure" in closure.parse(form.encode(), "detector.stages").imports


@pytest.mark.parametrize(
    "text",
    [
        '"""from detector.models import measure"""',
        "# import detector.models.measure",
        "text = 'import detector.models.measure'",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from detector.models import measure",
    ],
)
def test_what_is_never_run_is_no_import(text):
    assert not any("models" in name for name in closure.parse(text.encode(), "detector.stages").imports)


CODE = b'"""About."""\n\n\ndef f(x):\n    """Say."""\n    return x + 1\n'
SAME = [
    b'"""Other words."""\n\n\ndef f(x):\n    """Say more."""\n    return x + 1\n',
    b"def f(x):\n    return x + 1\n",
    b'"""About."""\n# why\ndef f(\n    x,\n):\n    return (x + 1)  # one more\n',
]
OTHER = [
    CODE.replace(b"+ 1", b"+ 2"),
    CODE.replace(b"+", b"-"),
    CODE + b"y = 1\n",
    CODE.replace(b"(x)", b"(x=1)"),
    CODE.replace(b"return", b"yield"),
    CODE.replace(b"def", b"async def"),
]


def test_words_and_layout_are_not_what_code_does():
    assert {closure.parse(code, "detector").digest for code in SAME} == {closure.parse(CODE, "detector").digest}


def test_each_other_code_has_another_digest():
    digests = [closure.parse(code, "detector").digest for code in [CODE, *OTHER]]
    assert len(set(digests)) == len(digests)


def _forget():
    for cached in (closure.code_of, closure._imported_by, closure._files, closure._read):
        cached.cache_clear()


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of our code, which the closure then reads."""
    shutil.copytree(PACKAGE, tmp_path / "detector", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(closure, "ROOT", tmp_path / "detector")
    _forget()
    yield tmp_path / "detector"
    monkeypatch.undo()
    _forget()


def test_an_edit_is_a_reason_for_what_runs_it_and_for_nothing_else(copied, known):
    """Every module of ours is edited in turn."""
    before = {backend: closure.code_of(backend) for backend in BACKENDS}
    reach = {backend: closure.closure(backend).keys() for backend in BACKENDS}
    for name, original in known.items():
        file = copied / original.relative_to(PACKAGE)
        file.write_bytes(original.read_bytes() + b"\n_EDITED = 0.5\n")
        _forget()
        changed = {backend for backend in BACKENDS if closure.code_of(backend) != before[backend]}
        assert changed == {backend for backend in BACKENDS if name in reach[backend]}, name
        file.write_bytes(original.read_bytes())


def test_a_version_and_a_comment_are_no_reason(copied):
    _forget()
    before = {backend: closure.code_of(backend) for backend in BACKENDS}
    first = copied / "__init__.py"
    first.write_text(first.read_text().replace(detector.__version__, "99.0"))
    for file in copied.rglob("*.py"):
        file.write_text(file.read_text() + "\n# a comment\n")
    _forget()
    assert {backend: closure.code_of(backend) for backend in BACKENDS} == before


def test_the_package_itself_holds_its_version_and_what_it_offers():
    """It is in no closure, so that a release is no reason to train again."""
    body = ast.parse((PACKAGE / "__init__.py").read_text()).body
    names = {ast.unparse(node.targets[0]) for node in body if isinstance(node, ast.Assign)}
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    assert (names, functions) == ({"__version__", "__all__"}, {"__getattr__", "__dir__"})


@pytest.mark.parametrize(
    "torn", [b"", b"{", b"[1]", b'{"form": "0"}', b'{"form": "1", "a": 3}', b'{"form": "1", "a": ["b"]}']
)
def test_what_is_kept_may_be_broken(torn, tmp_path, monkeypatch):
    kept = tmp_path / "cache/code.json"
    kept.parent.mkdir()
    kept.write_bytes(torn)
    monkeypatch.setattr(closure, "_KEPT", kept)
    expected = closure.code_of("detector.stages.convert.yolo")
    closure._known.cache_clear()
    _forget()
    assert closure.code_of("detector.stages.convert.yolo") == expected
    closure._known.cache_clear()
    _forget()
