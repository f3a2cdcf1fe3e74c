"""The pages of review in a real browser: what a person does there, and what is still there afterwards."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, needs_chromium
from made_up import HOSTILE, build_index
from served import Served

from photoclust.config import ClusterConfig
from photoclust.index.store import IndexStore
from photoclust.workflows.people.people_index import PeopleIndex

playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive a browser with")
pytestmark = needs_chromium
expect = playwright.expect
SECONDS = 1000  # Playwright counts milliseconds
expect.set_options(timeout=30 * SECONDS)

PEOPLE = {f"person{number:02}": max(3, 12 - number) for number in range(16)}
PAGES = ("people", "questions", "left-over", "find", "photos", "numbers", "log")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def made_up_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made-up")
    return build_index(
        folder / "index", PEOPLE, photos=folder / "photos", noise=1.2, k=ClusterConfig.k
    ).folder


@pytest.fixture
def index(made_up_index: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made_up_index, tmp_path / "index")


@pytest.fixture
def served(index: Path) -> Iterator[Served]:
    server = Served(index)
    yield server
    assert server.stop() == 0


@pytest.fixture
def page(chromium: Any, served: Served) -> Iterator[Any]:
    with _signed_in(chromium, served) as page:
        yield page


@pytest.fixture(scope="module")
def shared(made_up_index: Path) -> Iterator[Served]:
    """A server for tests that leave things as they are."""
    server = Served(made_up_index)
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def looker(chromium: Any, shared: Served) -> Iterator[Any]:
    with _signed_in(chromium, shared) as page:
        yield page


@contextmanager
def _signed_in(chromium: Any, served: Served) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(30 * SECONDS)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
    page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
    page.goto(served.address)
    page.wait_for_url("**/people")
    expect(page.locator(".person-card").first).to_be_visible()
    yield page
    context.close()
    assert problems == []


def card(page: Any, called: str) -> Any:
    return page.locator(".person-card").filter(
        has=page.get_by_label(re.compile(rf"^(Tick )?{re.escape(called)}, "))
    )


def name(page: Any, called: str, new: str) -> None:
    page.get_by_label(f"Name of {called}", exact=True).fill(new)
    page.keyboard.press("Enter")
    expect(card(page, new)).to_be_visible()


def grouped(page: Any) -> None:
    """Wait until everything that was said has been grouped by."""
    for _ in range(900):
        state = page.evaluate("async () => await (await fetch('/api/v1/state')).json()")
        if not state["pending"] and state["grouping"]["state"] == "idle" and state["grouping"]["number"]:
            return
        page.wait_for_timeout(100)
    raise AssertionError(state)


def answer_question(page: Any, key: str) -> None:
    """Answer the question that is asked, and wait for the next."""
    expect(page.locator("#question")).to_be_visible(timeout=120 * SECONDS)
    asked = (
        "q => q.querySelector('#question').innerText + q.querySelector('.big-faces img').getAttribute('src')"
    )
    before = page.locator(".question").evaluate(asked)
    page.keyboard.press(key)
    page.wait_for_function(
        f"before => {{ const q = document.querySelector('.question');"
        f" return !q || ({asked})(q) !== before }}",
        arg=before,
    )


def sizes(index: Path) -> dict[str, int]:
    people = PeopleIndex(IndexStore.open(index))
    return {row["name"]: row["faces"] for row in people.people.values() if row["name"]}


def test_what_is_said_is_there_after_a_reload_and_a_grouping_by_a_shell(page: Any, index: Path) -> None:
    name(page, "Person 1", "Ada")
    name(page, "Person 2", "Bea")
    card(page, "Person 3").locator(".tick").click()
    card(page, "Person 4").locator(".tick").click()
    page.keyboard.press("m")
    expect(page.locator(".toast", has_text="Joined Person 3 and Person 4")).to_be_visible()
    card(page, "Ada").locator("a").click()
    page.locator(".face").first.click()
    expect(page.locator(".photo-frame .box.marked")).to_be_visible()
    page.keyboard.press("p")
    expect(page.locator(".toast", has_text="Parted 1 face from Ada")).to_be_visible()

    page.keyboard.press("2")
    told = page.get_by_role("status").filter(has_text="left")
    for number in range(30):  # a question that the grouping changes meanwhile is asked anew
        answer_question(page, "ynn"[number % 3])
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        if "10 answered" in told.inner_text():
            break
    expect(told).to_contain_text("10 answered")
    for _ in range(3):
        said = page.evaluate("async () => (await (await fetch('/api/v1/state')).json()).undo.said")
        page.keyboard.press("Escape")
        page.get_by_role("banner").get_by_role("button", name="Undo").click()
        expect(page.locator(".toast", has_text=f"Taken back: {said}")).to_be_visible()
    grouped(page)
    before = sizes(index)
    assert set(before) >= {"Ada", "Bea"}

    page.goto(page.url.partition("/questions")[0] + "/people")
    expect(card(page, "Ada")).to_be_visible()
    expect(card(page, "Bea")).to_be_visible()
    expect(card(page, "Person 4")).to_have_count(0)
    expect(page.get_by_role("button", name="Redo")).to_be_enabled()
    shown = page.locator(".person-card").count()
    command = [sys.executable, "-m", "photoclust", "cluster", "--index", str(index)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert sizes(index) == before
    page.reload()
    expect(card(page, "Ada")).to_be_visible()
    expect(page.locator(".person-card")).to_have_count(shown)


def test_an_hour_of_work_costs_twenty_clicks_and_keys(page: Any, index: Path) -> None:
    """Ten names, a merge, a face pulled out and three strangers hidden, typing aside."""
    acts = 0

    def press(key: str) -> None:
        nonlocal acts
        acts += 1
        page.keyboard.press(key)

    def click(locator: Any, **how: Any) -> None:
        nonlocal acts
        acts += 1
        locator.click(**how)

    click(page.get_by_label("Name of Person 1", exact=True))
    for number in range(1, 11):
        page.keyboard.type(f"Friend {number}")
        press("Enter")
        expect(card(page, f"Friend {number}")).to_be_visible()
    ticks = page.locator(".person-card .tick")
    click(ticks.nth(10))
    click(ticks.nth(11))
    press("m")
    expect(page.locator(".toast", has_text="Joined")).to_be_visible()
    expect(page.locator(".bar")).to_be_hidden()
    last = page.locator(".person-card .tick")
    expect(last).to_have_count(15)
    click(last.nth(12))
    click(last.nth(14), modifiers=["Shift"])
    press("i")
    expect(page.locator(".person-card.ignored")).to_have_count(3)
    click(card(page, "Friend 1").locator("a"))
    click(page.locator(".face").first)
    press("p")
    expect(page.locator(".toast", has_text="Parted")).to_be_visible()
    assert acts <= 20
    grouped(page)
    assert len(sizes(index)) == 10


def test_a_part_of_a_person_is_pulled_out_in_one_go(page: Any, index: Path) -> None:
    """Two people joined by mistake are two sub-groups of one."""
    ticks = page.locator(".person-card .tick")
    ticks.nth(3).click()
    ticks.nth(4).click()
    page.keyboard.press("m")
    expect(page.locator(".toast", has_text="Joined Person 4 and Person 5")).to_be_visible()
    card(page, "Person 4").locator("a").click()
    groups = page.get_by_role("group", name="Sub-groups that look alike").get_by_role("button")
    expect(groups).to_have_count(2)
    faces = page.locator(".face")
    expect(faces.first).to_be_visible()
    all_of_them = faces.count()
    groups.nth(1).click()
    expect(faces).not_to_have_count(all_of_them)
    pulled = faces.count()
    page.get_by_role("button", name="Tick the whole group").click()
    expect(page.locator(".face.ticked")).to_have_count(pulled)
    assert 0 < pulled < all_of_them
    page.keyboard.press("p")
    expect(page.locator(".toast", has_text=f"Parted {pulled} faces from Person 4")).to_be_visible()
    expect(faces).to_have_count(all_of_them - pulled)  # and not those of a group that is gone
    page.get_by_label("Order").select_option("likeness")
    expect(faces).to_have_count(all_of_them - pulled)
    near = page.get_by_role("button", name="is the same person").first
    near.click()
    expect(page.locator(".toast", has_text="Joined Person 4 and")).to_be_visible()


def test_a_stale_tab_is_told_and_not_obeyed(page: Any, served: Served, index: Path) -> None:
    stale = page.context.new_page()
    stale.route("**/api/v1/events", lambda route: route.abort())
    stale.goto(served.base + "/people")
    expect(card(stale, "Person 1")).to_be_visible()
    card(page, "Person 1").locator(".tick").click()
    card(page, "Person 2").locator(".tick").click()
    page.keyboard.press("m")
    expect(page.locator(".toast", has_text="Joined")).to_be_visible()
    grouped(page)
    text = (index / "decisions.csv").read_text()
    card(stale, "Person 2").locator(".tick").click()
    card(stale, "Person 3").locator(".tick").click()
    stale.keyboard.press("m")
    expect(stale.locator(".toast.alarm", has_text="no longer so")).to_be_visible()
    assert (index / "decisions.csv").read_text() == text
    expect(card(stale, "Person 2")).to_have_count(0)  # it looked again
    expect(card(stale, "Person 3")).to_be_visible()


def test_two_browsers_see_what_the_other_says(page: Any, chromium: Any, served: Served) -> None:
    page.get_by_role("button", name="Keys, history and other browsers").click()
    page.get_by_role("button", name="Use another browser").click()
    address = page.locator(".address code").inner_text()
    page.keyboard.press("Escape")
    other = chromium.new_context()
    second = other.new_page()
    second.goto(address)
    second.wait_for_url("**/people")
    expect(card(second, "Person 1")).to_be_visible()
    name(page, "Person 1", "Ada")
    expect(card(second, "Ada")).to_be_visible()
    name(second, "Person 2", "Bea")
    expect(card(page, "Bea")).to_be_visible()
    other.close()
    third = chromium.new_context()
    assert third.new_page().goto(address).status == 401
    third.close()


def test_names_of_people_and_photos_are_shown_and_never_run(looker: Any, shared: Served) -> None:
    page = looker
    name(page, "Person 16", "<script>alert(1)</script>")
    expect(page.locator(".person-card script")).to_have_count(0)
    page.goto(shared.base + "/photos")
    hostile = page.locator(".photo-card").filter(has_text="onerror").first
    expect(hostile.locator("bdi")).to_have_text(HOSTILE)
    hostile.click()
    expect(page.locator("h1")).to_have_text(HOSTILE)
    assert page.locator('img[src="x"]').count() == 0
    for path in PAGES:
        page.goto(f"{shared.base}/{path}")
        expect(page.locator("h1")).to_be_visible()


@pytest.fixture
def elsewhere() -> Iterator[Callable[[str], str]]:
    """Another site on this machine, with a page that runs a script."""
    script = [""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<title>evil</title><script>{script[0]}</script>".encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def site(text: str) -> str:
        script[0] = text
        return f"http://localhost:{server.server_port}/"

    yield site
    server.shutdown()
    server.server_close()


def test_another_site_can_say_and_see_nothing(
    looker: Any, shared: Served, made_up_index: Path, elsewhere: Callable[[str], str]
) -> None:
    page = looker
    before = sorted(made_up_index.glob("decisions.csv"))
    page.goto(shared.base + "/people")
    person = page.locator(".person-card > a").first.get_attribute("href").rpartition("/")[2]
    said = f'{{"kind": "ignore", "people": ["{person}"]}}'
    attack = (
        "window.seen = [];"
        f"const go = (path, more) => fetch('{shared.base}' + path, {{credentials: 'include', ...more}})"
        ".then(async r => window.seen.push(r.type + await r.text()), e => window.seen.push('refused'));"
        f"Promise.all([go('/api/v1/decisions', {{method: 'POST', mode: 'no-cors', body: '{said}'}}),"
        f" go('/api/v1/decisions', {{method: 'POST', body: '{said}'}}), go('/api/v1/people', {{}}),"
        " new Promise(d => { const f = document.createElement('iframe'); f.src = "
        f"'{shared.base}/people'; f.onload = d; document.documentElement.append(f) }})])"
        ".then(() => document.title = 'done')"
    )
    evil = page.context.new_page()
    evil.goto(elsewhere(attack))
    evil.wait_for_function("document.title === 'done'")
    assert set(evil.evaluate("window.seen")) <= {"refused", "opaque"}
    assert evil.frames[1].locator(".person-card").count() == 0
    assert sorted(made_up_index.glob("decisions.csv")) == before


@pytest.mark.slow
def test_everybody_can_use_every_page(looker: Any, shared: Served, chromium: Any) -> None:
    page = looker
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.goto(shared.base + "/people")
    person = page.locator(".person-card > a").first.get_attribute("href")
    photo = page.evaluate("async () => (await (await fetch('/api/v1/photos')).json()).photos[0].id")
    paths = [f"/{one}" for one in PAGES] + [
        person,
        f"/photo/{photo}",
        f"/find?with={person.rpartition('/')[2]}",
    ]
    dark = chromium.new_context(color_scheme="dark", storage_state=page.context.storage_state())
    found: list[str] = []
    for one in (page, dark.new_page()):
        for path in paths:
            one.goto(shared.base + path)
            expect(one.locator("h1")).to_be_visible()
            one.wait_for_timeout(300)
            if path == person:
                one.locator(".face").first.click()
            found += [
                f"{path}: {issue['id']}: {issue['nodes'][0]['html']}"
                for issue in axe.run(one).response["violations"]
            ]
    dark.close()
    assert found == []


def test_pages_are_as_wide_as_the_window(looker: Any, shared: Served) -> None:
    page = looker
    page.goto(shared.base + "/people")
    person = page.locator(".person-card > a").first.get_attribute("href")
    for width in (400, 800, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        for path in (*(f"/{one}" for one in PAGES), person):
            page.goto(shared.base + path)
            expect(page.locator("h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, path)


def test_without_a_link_there_is_nothing_to_see(chromium: Any, shared: Served) -> None:
    context = chromium.new_context()
    page = context.new_page()
    assert page.goto(shared.base + "/people").status == 401
    expect(page.locator("h1")).to_have_text("Who are you?")
    assert page.goto(shared.base + "/api/v1/faces/none/thumbnail").status == 401
    context.close()
