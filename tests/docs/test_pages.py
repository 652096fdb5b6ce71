"""What the documents name exists: files, links, commands, flags, options, messages. Their YAML is valid."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import detector
from detector.cli.main import commands
from detector.commands.schema import schema
from detector.config.load import load
from detector.config.sections import SECTIONS
from detector.stages import names
from detector.terms import STAGES

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")),
]
VARIABLES = ("LABEL_STUDIO_URL", "LABEL_STUDIO_TOKEN", "MLFLOW_TRACKING_URI", "WEBHOOK_URL")
ENVIRONMENT = dict.fromkeys(VARIABLES, "https://example.com")
BASE = {  # what a piece of a pipeline.yaml may leave out
    "name": "docs",
    "task": "detect",
    "classes": "[car]",
    "pull": "{using: yolo, path: data}",
    "train": "{model: yolo26n.pt}",
}
OURS = r"(?:detector|tests|docs|benchmarks|\.github|datasets/README|runs/README)"
in_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def code(page: Path) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", prose(page))


@in_each_page
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    places = [link.partition("#")[0] for link in links if not re.match(r"https?://|#", link)]
    assert [place for place in places if not (page.parent / place).exists()] == []


@in_each_page
def test_every_heading_that_is_linked_to_is_there(page):
    for link in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", prose(page)):
        place, _, anchor = link.partition("#")
        if not re.match(r"https?://", link):
            target = page.parent / place if place else page
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@in_each_page
def test_every_file_of_ours_that_is_named_exists(page):
    """A pattern may have `*`; `…` and `<name>` stand for anything."""
    for text in code(page):
        if re.fullmatch(rf"{OURS}/[\w./*…<>-]+(::\w+)?", text):
            pattern = re.sub(r"<\w+>|…", "*", text.partition("::")[0]).rstrip("/")
            assert list(ROOT.glob(pattern)) or is_made(text), f"{text} is not there"


def is_made(path: str) -> bool:
    """What a run makes, a contributor is told to make, or the index says is not written yet."""
    return path.startswith("datasets/") or path in MADE


MADE = {
    "docs/tutorial/",
    "docs/examples/",
}


def test_every_command_is_in_the_readme():
    table = re.findall(r"^\| `detector ([\w-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(table) == sorted(commands.commands)


def calls(page: Path) -> Iterator[list[str]]:
    """Every `detector …` that a page shows, in words."""
    lines = [line for block in blocks(page, "[a-z]*") for line in block.splitlines()]
    for line in [*lines, *code(page)]:
        words = line.strip().removeprefix("$ ").removeprefix("docker run ")
        if match := re.match(r"detector (?=[a-z-])([^→…#|>{]*)", words):
            yield shlex.split(match[1].replace("'", ""), posix=True)


@in_each_page
def test_every_command_and_flag_that_is_shown_is_there(page):
    for words in calls(page):
        command = commands.commands.get(words[0])
        assert command is not None, f"detector {words[0]}"
        flags = {flag for option in command.params for flag in option.opts}
        assert {word for word in words if word.startswith("--")} <= flags


@in_each_page
def test_every_flag_that_is_named_alone_is_there(page):
    flags = {flag for command in commands.commands.values() for option in command.params for flag in option.opts}
    assert {text.split()[0].rstrip(".,") for text in code(page) if text.startswith("--")} <= flags


def options() -> set[str]:
    """Every option by its whole name, `convert.split.val`, of every backend."""
    whole = schema()
    return set(_below(whole["properties"], whole["$defs"], ""))


def _below(properties: dict, definitions: dict, within: str) -> Iterator[str]:
    for name, option in properties.items():
        yield f"{within}{name}"
        nested = [each for each in [option, option.get("items", {})] for each in [each, *each.get("anyOf", [])]]
        for each in nested:
            if "$ref" in each:
                target = definitions[each["$ref"].rpartition("/")[2]]
                yield from _below(target["properties"], definitions, f"{within}{name}.")


@in_each_page
def test_every_option_that_is_named_by_its_whole_name_is_there(page):
    known = options() | {f"export.{using}" for using in names("export")}
    files = r"\.(json|yaml|txt|arrow|parquet|md|py|onnx)$"
    named = [text for text in code(page) if re.fullmatch(rf"({'|'.join(SECTIONS)}|notify)(\.[a-z_]+)+", text)]
    assert [text for text in named if text not in known and not re.search(files, text)] == []


@in_each_page
def test_every_piece_of_a_pipeline_is_valid(page, tmp_path):
    for block in blocks(page, "yaml"):
        given = yaml.safe_load(block)
        rest = "".join(f"{key}: {value}\n" for key, value in BASE.items() if key not in given)
        (tmp_path / "pipeline.yaml").write_text(block + rest)
        load(tmp_path / "pipeline.yaml", environment=ENVIRONMENT)


def test_every_stage_has_a_page_that_says_what_it_takes_and_gives():
    for stage in (*STAGES, "record"):
        text = (ROOT / "docs" / "stages" / f"{stage}.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {stage}\n")
        assert [f"| {row} | " in text for row in ("takes", "gives", "code")] == [True] * 3
        assert "## What can go wrong" in text


def texts() -> list[str]:
    """Every text in the code; what a f-string fills in is `…`."""
    files = Path(detector.__file__).parent.rglob("*.py")
    return [text for file in files for text in _texts(ast.parse(file.read_text(encoding="utf-8")))]


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("stage", [*STAGES, "record"])
def test_every_message_that_is_explained_is_one_of_ours(stage):
    text = (ROOT / "docs" / "stages" / f"{stage}.md").read_text(encoding="utf-8").partition("## What can go wrong")[2]
    messages = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    assert messages
    ours = texts()
    for message in messages:
        pattern = re.compile(".*".join(re.escape(part) for part in message.split("…")), re.DOTALL)
        assert any(pattern.search(each) for each in ours), message


def test_pre_commit_runs_what_ci_runs():
    """The same programs, from the same folder, with the same arguments but for the files."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    linted = [line.strip().removesuffix(" Dockerfile") for line in recipe.splitlines()[1:]]
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    assert [hook["entry"].removesuffix(" --force-exclude") for hook in hooks] == linted
    assert "make lint" in (ROOT / ".ci/run").read_text(encoding="utf-8")
