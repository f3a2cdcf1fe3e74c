"""The site builds without a warning, and nothing in it is fetched from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from documentation import ROOT

from photoclust.cli import VERBS

FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder


class _Fetched(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("rel") not in ("canonical", "next", "prev"):
            self.addresses.append(given.get(FETCHED.get(tag, ""), "") or "")


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        parser = _Fetched()
        parser.feed(page.read_text("utf-8"))
        assert not [one for one in parser.addresses if re.match(r"(https?:)?//", one)], page
    for style in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", style.read_text("utf-8")), style


def test_there_is_a_page_for_every_verb(site: Path) -> None:
    for verb in VERBS:
        name = "index-photos" if verb == "index" else verb
        page = (site / "reference" / "cli" / f"{name}.html").read_text("utf-8")
        assert f">photoclust {verb}<" in page
        assert "--help" in page


def test_the_list_of_verbs_leads_to_each(site: Path) -> None:
    overview = (site / "reference" / "cli" / "index.html").read_text("utf-8")
    assert ">Command line<" in overview
    for verb in VERBS:
        assert re.search(rf'<a href="[\w-]+\.html"><code>photoclust {verb}</code></a>', overview), verb


def test_the_tree_of_errors_is_drawn(site: Path) -> None:
    assert "├── UsageError" in (site / "reference" / "errors.html").read_text("utf-8")
