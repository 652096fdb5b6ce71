"""The house: no import circle, and one list of stages that all others follow."""

import ast
import pkgutil
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import detector
from detector import stages
from detector.terms import STAGES

ROOT = Path(detector.__file__).parent


def modules():
    """Every module of ours by name."""
    for file in ROOT.rglob("*.py"):
        yield ".".join(file.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"), file


def imported_by(file, known):
    """What a module imports, wherever that stands in it, also for types alone."""
    return set(_imported(file, known))


def _imported(file, known):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports by a relative name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            yield name if name in known else name.rpartition(".")[0]


def test_no_module_imports_itself_by_way_of_others():
    known = dict(modules())
    graph = {
        name: {each for each in imported_by(file, known) if each in known} - {name} for name, file in known.items()
    }
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle
    assert len(order) == len(known) > 150


def test_every_list_of_stages_is_the_same():
    folders = [module.name for module in pkgutil.iter_modules(stages.__path__) if module.ispkg]
    contracts = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    apart = next(contract["modules"] for contract in contracts if contract["type"] == "independence")
    assert sorted(folders) == sorted(STAGES)
    assert tuple(stages.NEEDS) == STAGES
    assert apart == [f"detector.stages.{stage}" for stage in STAGES]
    for stage, needs in stages.NEEDS.items():
        assert all(STAGES.index(need) < STAGES.index(stage) for need in needs)


def test_few_modules_stand_alone():
    """A newcomer looks for a room first: what is beside the rooms is what all of them share."""
    loose = {file.stem for file in ROOT.glob("*.py")}
    assert loose == {"__init__", "__main__", "errors", "notebook", "terms"}


def test_commands_print_in_one_place_which_takes_secrets_out():
    printing = [name for name, file in modules() if "click.echo(" in file.read_text(encoding="utf-8")]
    assert printing == ["detector.cli.options"]


def test_what_make_test_fast_runs_is_there():
    """A path that is not would make it run nothing at all, and say no more than that."""
    line = (ROOT.parent / "Makefile").read_text().partition("FAST = ")[2].partition("\n\n")[0]
    paths = [word for word in line.split() if word.startswith("tests/")]
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT.parent / path).exists()] == []
