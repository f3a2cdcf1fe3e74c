"""The pages of the documentation, and the examples in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "deploy" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
_FENCE = re.compile(
    r"(?:^[ ]*<!-- not run: (?P<why>[^\n]+) -->\n)?"
    r"^(?P<indent>[ ]*)```(?P<language>\w+)\n(?P<code>.*?)^[ ]*```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Example:
    """A block of code; `not_run` says why it is not run."""

    language: str
    code: str
    not_run: str | None

    @property
    def lines(self) -> list[str]:
        """The commands of a shell block, continued lines joined, comments left out."""
        whole = self.code.replace("\\\n", " ")
        lines = (re.sub(r"\s+#\s.*", "", line).strip() for line in whole.splitlines())
        return [line for line in lines if line and not line.startswith("#")]


def examples(page: Path, *languages: str) -> Iterator[Example]:
    """The blocks of a page in some languages."""
    for block in _FENCE.finditer(page.read_text("utf-8")):
        if block["language"] in languages:
            indent = len(block["indent"])
            code = "\n".join(line[indent:] for line in block["code"].splitlines())
            yield Example(block["language"], code, block["why"])


def inline_code(page: Path) -> list[str]:
    """Text between backticks, outside blocks."""
    text = re.sub(r"^[ ]*```.*?^[ ]*```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text)]


def name_of(page: Path) -> str:
    """For the ids of tests."""
    return page.relative_to(ROOT).as_posix()
