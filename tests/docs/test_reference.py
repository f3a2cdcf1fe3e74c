"""What the documentation says of files, environment and structure is what the code says."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from documentation import PAGES, ROOT, inline_code, name_of

from photoclust import records
from photoclust.people.decisions.line import HEADER, KINDS

FILES = ROOT / "docs" / "reference" / "files.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
SCHEMAS = {
    "photos/part-*.parquet": records.PHOTO_SCHEMA,
    "faces/part-*.parquet": records.FACE_SCHEMA,
    "clusterings/RUN/assignments.parquet": records.ASSIGNMENT_SCHEMA,
    "clusterings/RUN/people.parquet": records.PERSON_SCHEMA,
    "clusterings/RUN/retired.parquet": records.RETIRED_SCHEMA,
    "ids.parquet": records.IDENTITY_SCHEMA,
}
OWN = {"PHOTOCLUST_JOB_ID", "PHOTOCLUST_START", "PHOTOCLUST_SUBMITTED_BY", "PHOTOCLUST_ADDRESS"}


@pytest.mark.parametrize("file", SCHEMAS)
def test_tables_are_described_as_they_are(file: str) -> None:
    section = FILES.read_text("utf-8").split(f"### {file}\n", 1)[1].split("\n##", 1)[0]
    described = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| (yes|no) \|", section, re.MULTILINE)
    schema = SCHEMAS[file]
    assert described == [(one.name, str(one.type), "yes" if one.nullable else "no") for one in schema]


def test_decisions_are_described_as_they_are() -> None:
    section = FILES.read_text("utf-8").split("## decisions.csv\n", 1)[1]
    assert ",".join(HEADER) in section
    assert re.findall(r"^\| `(\w+)` \|", section.split("\n## ")[0], re.MULTILINE) == list(KINDS)


def test_every_environment_variable_is_described() -> None:
    page = _text("docs/reference/environment.md")
    described = set(re.findall(r"^\| `(PHOTOCLUST_\w+)`", page, re.MULTILINE))
    code = "\n".join(file.read_text("utf-8") for file in (ROOT / "photoclust").rglob("*.py"))
    named = set(re.findall(r"PHOTOCLUST_[A-Z_]*[A-Z]\b", code)) - OWN
    hidden = {name for name in named if name not in described and not name.endswith("SECONDS_A_PART")}
    assert not hidden
    stores = {"PHOTOCLUST_STORE_READ_SECONDS"}  # put together in the code
    assert described <= named | stores


def test_every_room_is_drawn() -> None:
    drawing = _text("docs/architecture.md").split("```text\nphotoclust/", 1)[1].split("```", 1)[0]
    drawn = set(re.findall(r"^  (\w+)/ ", drawing, re.MULTILINE))
    rooms = {entry.name for entry in (ROOT / "photoclust").iterdir() if (entry / "__init__.py").is_file()}
    assert drawn == rooms
    for file in re.findall(r"^  (\w+\.py) ", drawing, re.MULTILINE):
        assert (ROOT / "photoclust" / file).is_file(), file


def test_every_name_in_the_architecture_exists() -> None:
    named = [code for code in inline_code(ARCHITECTURE) if re.fullmatch(r"[a-z_]+(\.\w+)+(\(\))?", code)]
    modules = [name for name in named if not name.endswith((".py", ".json", ".csv", ".md", ".toml"))]
    assert len(modules) > 20
    missing = [name for name in modules if not _exists(name.removesuffix("()"))]
    assert not missing
    for file in re.findall(r"`(photoclust/[\w/.]+|[a-z_]+/[\w/.]+\.\w+)`", _text("docs/architecture.md")):
        assert file.endswith("/x.py") or (ROOT / file).exists() or (ROOT / "photoclust" / file).exists(), file


def _exists(name: str) -> bool:
    """Whether the package has a module of this name, or a module that defines it (methods too)."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath("photoclust", *parts[:length])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if file.is_file():
            return _defines(ast.parse(file.read_text("utf-8")), parts[length:])
    return False


def _defines(tree: ast.AST, names: list[str]) -> bool:
    if not names:
        return True
    for node in ast.iter_child_nodes(tree):
        if getattr(node, "name", None) == names[0] or _assigned(node) == names[0]:
            return _defines(node, names[1:])
    return False


def _assigned(node: ast.AST) -> str | None:
    target = node.target if isinstance(node, ast.AnnAssign) else None
    target = node.targets[0] if isinstance(node, ast.Assign) else target
    return target.id if isinstance(target, ast.Name) else None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_files_lead_somewhere(page: Path) -> None:
    """As they are read without the site; those inside it are MkDocs' to check."""
    generated = {"deploy.md", "contributing.md", "changelog.md", "index.md"}
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / link).exists() or Path(link).name in generated, f"{name_of(page)}: {link}"


def test_named_programs_are_there() -> None:
    for page in PAGES:
        for file in re.findall(r"\b(?:benchmarks|tools|tests)/[\w/]+\.py\b", page.read_text("utf-8")):
            assert (ROOT / file).is_file(), f"{name_of(page)}: {file}"


def test_the_readme_is_short() -> None:
    assert len(_text("README.md").splitlines()) <= 150


def test_the_package_can_be_imported_as_said() -> None:
    assert importlib.import_module("photoclust").__version__


def _text(file: str) -> str:
    return (ROOT / file).read_text("utf-8")
