"""The review page in a real browser: it shows faces, obeys the keyboard, runs nothing and fetches nothing."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pytest
from browser import Browser, needs_chromium
from PIL import Image

from photoclust.records import ASSIGNMENT_SCHEMA, FACE_SCHEMA, FAILED, OK, PERSON_SCHEMA, PHOTO_SCHEMA
from photoclust.report.album import Album
from photoclust.report.review import write_review

pytestmark = needs_chromium
FACES = """[...document.querySelectorAll("a.tile")]"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server of this machine that must not be asked for anything, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def album(uris: list[str], name: str = "", burst: int = 0) -> Album:
    """One person with a face in each photo, the first `burst` near-identical, and a photo that failed."""
    jpeg = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(jpeg, "JPEG")
    row = {"size": 1, "version": "1", "attempts": 1}
    photos = [row | {"photo_id": f"p{n}", "uri": uri, "status": OK} for n, uri in enumerate(uris)]
    photos.append(row | {"photo_id": "", "uri": uris[-1] + "-", "status": FAILED, "error": uris[-1]})
    faces = [
        {"face_id": f"f{n}", "photo_id": f"p{n}", "quality": 1.0, "thumbnail": jpeg.getvalue()}
        for n in range(len(uris))
    ]
    schema = pa.schema([FACE_SCHEMA.field(name) for name in ("face_id", "photo_id", "quality", "thumbnail")])
    assigned = [
        {"face_id": f"f{n}", "label": 0, "person_id": "a", "status": "member", "confidence": 0.9}
        | {"burst": 0 if n < burst else None}
        for n in range(len(uris))
    ]
    person = {"person_id": "a", "name": name, "faces": len(uris), "photos": len(uris), "cover_face_id": "f0"}
    return Album(
        pa.Table.from_pylist(photos, PHOTO_SCHEMA),
        pa.Table.from_pylist(faces, schema),
        pa.Table.from_pylist(assigned, ASSIGNMENT_SCHEMA),
        pa.Table.from_pylist([person], PERSON_SCHEMA),
    )


def test_the_faces_are_to_be_seen_and_fit_any_width(browser: Browser, tmp_path: Path) -> None:
    uris = [f"/p/{n}{'wide' * 40}.jpg" for n in range(5)]
    browser.open(write_review(album(uris, burst=3), tmp_path, "Album " * 9))
    assert browser.evaluate(f"{FACES}.filter(a => a.checkVisibility()).length") == 3
    browser.evaluate("document.querySelector('.burst details').open = true")
    sizes = "[...document.images].map(i => i.decode().then(() => [i.naturalWidth, i.clientWidth > 50]))"
    assert browser.evaluate(f"Promise.all({sizes})") == [[64, True]] * 7
    for width in (320, 700, 1600):
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        browser.call("Emulation.setDeviceMetricsOverride", **metrics)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
    browser.call("Emulation.clearDeviceMetricsOverride")


def test_its_own_style_is_let_through(browser: Browser, tmp_path: Path) -> None:
    browser.open(write_review(album(["/p/1.jpg"]), tmp_path, "x"))
    assert browser.evaluate("getComputedStyle(document.querySelector('.faces')).display") == "grid"
    complaints = [event for event in browser.events if event.get("method") == "Log.entryAdded"]
    assert complaints == []


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_text_stands_out_by_day_and_by_night(
    browser: Browser, tmp_path: Path, scheme: str, dark: bool
) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.call("Emulation.setEmulatedMedia", features=[feature])
    browser.open(write_review(album(["/p/1.jpg"]), tmp_path, "x"))
    colour = "getComputedStyle(document.querySelector('{}')).{}.match(/\\d+/g).slice(0, 3).map(Number)"
    card = luminance(browser.evaluate(colour.format(".card", "backgroundColor")))
    assert (card < 0.2) == dark
    for words in (".card h2", ".card .fine", ".card .file"):
        text = luminance(browser.evaluate(colour.format(words, "color")))
        low, high = sorted((card, text))
        assert (high + 0.05) / (low + 0.05) >= 4.5
    browser.call("Emulation.setEmulatedMedia", features=[])


def luminance(colour: list[int]) -> float:
    """Relative luminance of sRGB, as WCAG 2.2 defines it; contrast asks for 4.5 between text and ground."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (c / 255 for c in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_keyboard_reaches_every_face(browser: Browser, tmp_path: Path) -> None:
    uris = [f"/p/{n}.jpg" for n in range(20)]
    browser.open(write_review(album(uris, burst=4), tmp_path, "x"))
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.className") == "skip"
    assert browser.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    browser.press("Enter")
    assert browser.evaluate("document.activeElement.id") == "people"
    reached = set()
    for _ in range(30):
        browser.press("Tab")
        reached.add(browser.evaluate("document.activeElement.href || ''"))
        if browser.evaluate("document.activeElement.tagName") == "SUMMARY":
            browser.press("Enter")
    assert {f"file://{uri}" for uri in uris} <= reached
    assert (
        browser.evaluate(
            f"{FACES}[0].focus({{focusVisible: true}}), getComputedStyle({FACES}[0]).outlineStyle"
        )
        == "solid"
    )


def test_hostile_names_run_and_fetch_nothing(
    browser: Browser, tmp_path: Path, canary: tuple[str, list[str]]
) -> None:
    server, asked = canary
    bait = f"<img src=http:&#47;&#47;{server}&#47;bait onerror=document.title='owned'>"
    uris = [
        f'/p/">{bait}.jpg',
        f"/p/'>{bait}.jpg",
        f"/p/{bait}.jpg",
        "/p/\"><script>document.title='owned'<!--.jpg",
        '/p/" onfocus=document.title="owned" autofocus x=".jpg',
        f"/p/--></style><link rel=stylesheet href={server}>.jpg",
    ]
    page = write_review(album(uris, name=f"</h2>{bait}"), tmp_path, f"</title>{bait}")
    browser.open(page)
    assert browser.evaluate("document.title").startswith("</title>")
    assert browser.evaluate("document.scripts.length") == 0
    assert (
        browser.evaluate(
            "document.querySelectorAll('link, iframe, object, form, [onerror], [onfocus]').length"
        )
        == 0
    )
    hrefs = browser.evaluate(f"{FACES}.map(a => decodeURIComponent(a.href).replace('file://', ''))")
    assert sorted(hrefs) == sorted(uris)
    assert [url for url in browser.requests() if not url.startswith(("file:", "data:"))] == []
    assert asked == []


@pytest.mark.parametrize("policy", [True, False])
def test_the_policy_holds_even_where_escaping_would_fail(
    browser: Browser, tmp_path: Path, canary: tuple[str, list[str]], policy: bool
) -> None:
    server, asked = canary
    page = write_review(album(["/p/1.jpg"]), tmp_path, "Fine")
    markup = page.read_text("utf-8")
    bait = f"<script>document.title = 'owned'</script><img src='http://{server}/bait'>"
    markup = markup.replace("</body>", f"{bait}</body>")
    if not policy:
        markup = markup.replace("Content-Security-Policy", "x-nothing")
    page.write_text(markup, "utf-8")
    browser.open(page)
    assert (browser.evaluate("document.title"), asked) == (("Fine", []) if policy else ("owned", ["/bait"]))


def test_a_reader_who_wants_no_motion_gets_none(browser: Browser, tmp_path: Path) -> None:
    browser.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}]
    )
    browser.open(write_review(album(["/p/1.jpg"]), tmp_path, "x"))
    assert browser.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert (
        browser.evaluate("getComputedStyle(document.querySelector('.tile img')).transitionProperty") == "none"
    )
    browser.call("Emulation.setEmulatedMedia", features=[])
