"""Modules import one another in one direction only."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import photoclust

ROOT = Path(photoclust.__file__).parent


def modules() -> dict[str, Path]:
    """File of every module of the package."""
    named = {
        ".".join(("photoclust", *p.relative_to(ROOT).with_suffix("").parts)): p for p in ROOT.rglob("*.py")
    }
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def imported(path: Path) -> set[str]:
    """What a file imports, wherever in it: in functions and for types alone too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{one.name}" for one in node.names)
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(one.name for one in node.names)
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    files = modules()
    graph = {name: {one for one in imported(path) if one in files} for name, path in files.items()}
    for name, others in graph.items():  # a module of a package, not the package, is what is imported
        others -= {one for one in others if any(other.startswith(f"{one}.") for other in others)} | {name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(f"These modules import one another: {' <- '.join(error.args[1])}.") from None


def test_a_process_that_hands_out_work_loads_no_models() -> None:
    """It would take a second that each run waits for before its first photo."""
    code = (
        "import sys, photoclust.engine.processes, photoclust.workflows.index;"
        "sys.exit(', '.join({'numba', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
