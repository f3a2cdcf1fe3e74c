"""`evaluate` through the command, and its page in a real browser: a diagram that is in place and readable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, needs_chromium
from labelled_index import labelled_index

pytestmark = needs_chromium

FACES = (
    [("Ada", "a", 0.999)] * 30
    + [("Bob", "b", 0.93)] * 18
    + [("Cy", "b", 0.96)] * 2
    + [("Dee", "d", 0.7)] * 5
    + [("Cy", "", 0.0)] * 3
    + [("A name so long that it has to be broken, " * 3, "a", 0.97)]
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The page, and what the same command writes as JSON."""
    folder = tmp_path_factory.mktemp("evaluated")
    labelled_index(folder / "index", FACES)
    command = [sys.executable, "-m", "photoclust", "evaluate", "index", "--html", "page.html", "--json"]
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=folder, env=os.environ | paths, capture_output=True, check=True)
    return folder / "page.html", json.loads(done.stdout)


@pytest.mark.parametrize("width", [320, 500, 1300])
def test_diagrams_have_a_mark_in_place_for_each_bin(
    evaluated: tuple[Path, dict[str, Any]], browser: Browser, width: int
) -> None:
    page, values = evaluated
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.call("Emulation.setDeviceMetricsOverride", **size)
    browser.open(page)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    bins = [len(values["confidence"][things]["bins"]) for things in ("faces", "people")]
    marks = "[...document.querySelectorAll('.diagram')].map(d => d.querySelectorAll('.mark circle').length)"
    assert browser.evaluate(marks) == bins == [4, 3]
    outside = """[...document.querySelectorAll('.diagram')].flatMap(d => {
        const frame = d.getBoundingClientRect();
        return [...d.querySelectorAll('text, circle, rect')].filter(one => {
            const box = one.getBoundingClientRect();
            return box.left < frame.left - 1 || box.right > frame.right + 1
                || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
        }).map(one => one.outerHTML);
    })"""
    assert browser.evaluate(outside) == []
    heights = "[...document.querySelectorAll('.diagram text')].map(t => t.getBoundingClientRect().height)"
    assert min(browser.evaluate(heights)) >= 9
    assert [asked for asked in browser.requests() if not asked.startswith("data:")] == [page.as_uri()]


def test_faces_said_to_be_sure_and_wrong_are_shown(
    evaluated: tuple[Path, dict[str, Any]], browser: Browser
) -> None:
    page, values = evaluated
    browser.open(page)
    wrong = values["confidence"]["sure_but_wrong"]
    assert [one["person"][:3] for one in wrong] == ["A n", "Cy", "Cy"]
    first = "document.querySelector('.kind').querySelectorAll('.finding')"
    assert browser.evaluate(f"{first}.length") == len(wrong)
    shown = f"[...{first}].map(one => one.querySelector('.side').querySelectorAll('img').length)"
    assert browser.evaluate(shown) == [1, 1, 1]
    links = f"[...{first}].map(one => decodeURIComponent(one.querySelector('a.tile').href))"
    assert browser.evaluate(links) == [f"file://{one['photo']}" for one in wrong]
    sizes = "[...document.images].map(i => (i.loading = 'eager', i.decode().then(() => i.naturalWidth)))"
    assert set(browser.evaluate(f"Promise.all({sizes})")) == {64}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_the_diagram_says_stands_out(
    evaluated: tuple[Path, dict[str, Any]], browser: Browser, scheme: str
) -> None:
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(evaluated[0])
    colour = "getComputedStyle(document.querySelector('{}')).{}"
    card = luminance(browser.evaluate(colour.format(".card", "backgroundColor")))
    for selector in (".diagram text", ".diagram .too-sure circle", ".diagram .mark circle"):
        one = luminance(browser.evaluate(colour.format(selector, "fill")))
        light, dark = max(card, one), min(card, one)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, selector


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(r, g, b)``, WCAG 2."""
    channels = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
