"""In a real browser, on the demo album: a face is drawn, another is said to be none, and all of it lasts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, needs_chromium
from served import Served

from photoclust.index.store import IndexStore
from photoclust.workflows.demo.album import make_album
from photoclust.workflows.people.people_index import PeopleIndex

playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive a browser with")
pytestmark = needs_chromium
expect = playwright.expect
SECONDS = 1000  # Playwright counts milliseconds
PORTRAITS = 3  # of each person


def photoclust(*words: str | Path) -> str:
    command = [sys.executable, "-m", "photoclust", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three people, three portraits each, and of a photo of all three."""
    folder = tmp_path_factory.mktemp("drawing")
    album = make_album(folder / "album")
    together = next(path for path, who in album.people.items() if len(who) == 3)
    single = {path: who[0] for path, who in album.people.items() if len(who) == 1}
    chosen = [together, *(p for name in set(single.values()) for p in _of(single, name)[:PORTRAITS])]
    for path in sorted(album.folder.rglob("*")):
        if path.is_file() and str(path.relative_to(album.folder)) not in chosen:
            path.unlink()
    photoclust("run", album.folder, "--index", folder / "index", "--engine", "local")
    return folder / "index"


def _of(people: dict[str, str], name: str) -> list[str]:
    return sorted(path for path, who in people.items() if who == name)


@pytest.fixture
def served(index: Path) -> Iterator[Served]:
    server = Served(index)
    yield server
    assert server.stop() == 0


@pytest.fixture
def page(served: Served) -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(30 * SECONDS)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(served.address)
        page.wait_for_url("**/people")
        yield page
        browser.close()
    assert problems == []


def fetched(page: Any, path: str) -> Any:
    return page.evaluate(f"async () => await (await fetch('/api/v1{path}')).json()")


def grouped(page: Any) -> None:
    """Wait until everything that was said has been grouped by."""
    for _ in range(900):
        state = fetched(page, "/state")
        if not state["pending"] and state["grouping"]["state"] == "idle" and state["grouping"]["number"]:
            return
        page.wait_for_timeout(100)
    raise AssertionError(state)


def corners(page: Any, photo: dict[str, Any], box: list[float]) -> list[tuple[float, float]]:
    """Where the corners of a box of the photo are on the screen."""
    place = page.locator(".photo-frame").bounding_box()
    across, down = place["width"] / photo["width"], place["height"] / photo["height"]
    x0, y0, x1, y1 = box
    return [(place["x"] + x * across, place["y"] + y * down) for x, y in ((x0, y0), (x1, y1))]


def drag(page: Any, begin: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*begin)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def test_a_face_is_drawn_and_another_is_none(page: Any, served: Served, index: Path) -> None:
    photos = fetched(page, "/photos")["photos"]
    photo = next(one for one in photos if len(one["faces"]) == 3)
    left, middle, _ = photo["faces"]
    page.goto(f"{served.base}/photo/{photo['id']}")
    rows = page.locator(".photo-faces > li")
    expect(rows).to_have_count(3)

    page.get_by_role("button", name="Not a face", exact=True).nth(1).click()
    expect(rows).to_have_count(2)
    expect(page.get_by_role("button", name="It is a face")).to_have_count(1)

    x0, y0, x1, y1 = middle["box"]
    width, height = x1 - x0, y1 - y0
    loose = [x0 - 0.15 * width, y0 - 0.2 * height, x1 + 0.2 * width, y1 + 0.1 * height]
    drag(page, *corners(page, photo, loose))
    expect(page.get_by_label("Whose face this is")).to_be_focused()
    page.keyboard.type("Somebody else")
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="Drew a face by hand; named it 'Somebody else'")).to_be_visible()
    expect(rows.filter(has_text="drawn by hand")).to_contain_text("Somebody else")
    grouped(page)
    expect(rows.filter(has_text="drawn by hand").get_by_role("link")).to_have_text("Somebody else")
    drawn = next(one for one in fetched(page, f"/photos/{photo['id']}")["faces"] if one["drawn"])
    assert abs(drawn["box"][0] - x0) < 0.1 * width, "the box is moved to where the detector sees the face"

    rows.first.get_by_role("combobox").focus()
    page.keyboard.press("Escape")  # leaves the field
    rows.first.get_by_role("button", name="Not a face").focus()
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="It is a face")).to_have_count(2)
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="It is a face")).to_have_count(1)
    grouped(page)

    page.reload()
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="Somebody else")).to_contain_text("drawn by hand")
    expect(page.get_by_role("button", name="It is a face")).to_have_count(1)
    photoclust("cluster", "--index", index)
    people = PeopleIndex(IndexStore.open(index))
    assert people.names[people.person_of[drawn["id"]]] == "Somebody else"
    assert middle["id"] not in people.person_of
    assert left["id"] in people.person_of
    assert middle["id"] in photoclust("people", "not-a-face", "--index", index)
    exported = json.loads(photoclust("export", "--format", "json", "--index", index, "--output", "-") or "[]")
    assert middle["id"] not in json.dumps(exported)

    page.get_by_role("button", name="It is a face").click()
    expect(rows).to_have_count(4)
    for _ in range(3):  # that, the drawing, and the first finding
        page.keyboard.press("z")
        page.wait_for_timeout(300)
        grouped(page)
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="drawn by hand")).to_have_count(0)


def test_a_face_is_drawn_by_the_keys(page: Any, served: Served) -> None:
    photo = next(one for one in fetched(page, "/photos")["photos"] if len(one["faces"]) == 1)
    page.goto(f"{served.base}/photo/{photo['id']}")
    expect(page.locator(".photo-faces > li")).to_have_count(1)
    page.keyboard.press("d")
    draft = page.locator(".box.draft")
    expect(draft).to_be_focused()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowRight")
    box, frame = draft.bounding_box(), page.locator(".photo-frame").bounding_box()
    assert abs(box["x"] - frame["x"]) < 4, "as far as the photo goes"
    assert box["width"] > box["height"]
    page.keyboard.press("Escape")
    expect(draft).to_have_count(0)
    expect(page.get_by_role("button", name="Add the face")).to_have_count(0)
    page.keyboard.press("d")
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Whose face this is")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="Drew a face by hand")).to_be_visible()
    expect(page.locator(".photo-faces > li")).to_have_count(2)
