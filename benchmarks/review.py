"""Seconds, bytes and memory of the pages of review, served of an index.

    python benchmarks/review.py INDEX
    python benchmarks/review.py --synthetic 100000 --people 5000 --frames

The index is copied first, unless it is made up; `--keep FOLDER` keeps that one for the next time. `--frames`
scrolls through the people and through the faces of the largest person in Chromium, and tells the longest time
between two frames. Requests go over one connection of this machine, each several times; the least and the
median of the milliseconds by the clock are printed, those of the server's processor, and the bytes of an
answer. Decisions are about other people each time; the grouping that follows runs beside the server.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
from corrections import synthetic_index
from PIL import Image

from photoclust.config import ClusterConfig
from photoclust.index.store import IndexStore
from photoclust.workflows.cluster import group_faces

TIMES = 9
TURNS = 200  # of the wheel
WATCH_FRAMES = """() => {
    window.gaps = [];
    let last = performance.now();
    const frame = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(frame); };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
}"""
FIRST_FACES = 60  # of the first page


class Client:
    """A browser that has signed in, with one connection."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host = parts.netloc
        self.connection = HTTPConnection(parts.hostname or "", parts.port)
        self.connection.request("GET", f"{parts.path}?{parts.query}")
        answer = self.connection.getresponse()
        answer.read()
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]

    def get(self, path: str) -> bytes:
        return self._ask("GET", path)

    def post(self, path: str, body: object) -> bytes:
        return self._ask("POST", path, json.dumps(body))

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        headers = {"Cookie": self.cookie, "Origin": f"http://{self.host}"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")
        return content


def first_page(client: Client) -> bytes:
    """The shell, its scripts and styles, the first people and their covers."""
    names = ("main", "people", "api", "dom", "dialog", "grid", "parts", "say", "state")
    content = client.get("/people") + b"".join(client.get(f"/assets/{name}.js") for name in names)
    content += client.get("/assets/base.css") + client.get("/assets/review.css")
    content += client.get("/api/v1/state")
    people = client.get("/api/v1/people?limit=100")
    covers = [one["cover"] for one in json.loads(people)["people"][:FIRST_FACES]]
    return content + people + b"".join(client.get(f"/api/v1/faces/{one}/thumbnail") for one in covers)


def requests(client: Client) -> dict[str, Callable[[int], bytes]]:
    """What is asked for, by the number of times it was before."""
    people = json.loads(client.get("/api/v1/people?limit=100"))["people"]
    largest = people[0]["id"]
    photo = json.loads(client.get("/api/v1/photos?limit=1&offset=500"))["photos"][0]["id"]

    def named(i: int) -> bytes:
        return client.post(
            "/api/v1/decisions", {"kind": "name", "people": [people[i]["id"]], "name": f"Ada {i}"}
        )

    def merged(i: int) -> bytes:
        pair = [people[30 + 2 * i]["id"], people[31 + 2 * i]["id"]]
        return client.post("/api/v1/decisions", {"kind": "merge", "people": pair})

    return {
        "first page": lambda i: first_page(client),
        "people, 100 further": lambda i: client.get(f"/api/v1/people?offset={100 * i + 100}"),
        "people, by a name": lambda i: client.get(f"/api/v1/people?search={i}"),
        "a person": lambda i: client.get(f"/api/v1/people/{people[i]['id']}"),
        "faces, 100": lambda i: client.get(f"/api/v1/people/{largest}/faces?offset={30 * i}"),
        "faces by likeness": lambda i: client.get(f"/api/v1/people/{largest}/faces?order=likeness"),
        "60 thumbnails": lambda i: _thumbnails(client, largest),
        "photos, 50": lambda i: client.get(f"/api/v1/photos?offset={50 * i}"),
        "a photo": lambda i: client.get(f"/api/v1/photos/{photo}"),
        "photos of two people": lambda i: client.get(
            f"/api/v1/photos?present={largest}&absent={people[1]['id']}"
        ),
        "left over": lambda i: client.get(f"/api/v1/left-over?offset={i}&limit=10"),
        "numbers": lambda i: client.get("/api/v1/numbers"),
        "a name": named,
        "a merge": merged,
    }


def _thumbnails(client: Client, person: str) -> bytes:
    faces = json.loads(client.get(f"/api/v1/people/{person}/faces?limit=60"))["faces"]
    return b"".join(client.get(f"/api/v1/faces/{one['id']}/thumbnail") for one in faces)


def measured(folder: Path, frames: bool) -> Iterator[str]:
    """A line for each thing."""
    command = [sys.executable, "-m", "photoclust", "serve", "--index", str(folder), "--port", "0"]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        server = psutil.Process(process.pid)
        used = server.cpu_times()
        wall, processor = 1000 * (time.perf_counter() - began), used.user + used.system
        yield f"{'start':24} {wall:8.0f} ms, {processor:.2f} s of a processor"
        client = Client(address)
        begun = time.perf_counter()
        first_page(client)
        yield f"{'first page, at once':24} {1000 * (time.perf_counter() - begun):8.0f} ms"
        time.sleep(5)  # thumbnails and templates have been read then
        if frames:
            yield from scrolled(address, client)
            client.connection.close()  # which the server has closed meanwhile
        yield from asked(client, server)
        yield f"{'memory of the server':24} {server.memory_info().rss / 1e6:8.0f} MB"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def used_by(*processes: psutil.Process) -> float:
    """Milliseconds of processors that some processes have used."""
    return sum(1000 * (one.cpu_times().user + one.cpu_times().system) for one in processes)


def asked(client: Client, server: psutil.Process) -> Iterator[str]:
    """How long each request takes, of the server's processor too, and how much it is answered with."""
    yield f"{'':24} {'least':>8} {'median':>8} {'processor':>10} {'bytes':>10}"
    for name, ask in requests(client).items():
        seconds, content, used = [], b"", used_by(server)
        for i in range(TIMES):
            before = time.perf_counter()
            content = ask(i)
            seconds.append(1000 * (time.perf_counter() - before))
        each = (used_by(server) - used) / TIMES
        said = f"{min(seconds):8.1f} {statistics.median(seconds):8.1f} {each:10.1f} {len(content):10,}"
        yield f"{name:24} {said}"


def scrolled(address: str, client: Client) -> Iterator[str]:
    """Times between frames, in milliseconds, while a wheel turns; and the rows that were empty meanwhile."""
    from playwright.sync_api import sync_playwright

    cookie, _, value = client.cookie.partition("=")
    base = address.partition("/enter")[0]
    largest = json.loads(client.get("/api/v1/people?limit=1"))["people"][0]["id"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        context.add_cookies([{"name": cookie, "value": value, "url": base}])
        for name, path in (("people", "/people"), ("faces of a person", f"/person/{largest}")):
            page = context.new_page()
            page.goto(base + path)
            page.wait_for_selector(".grid .cell img")
            page.mouse.move(400, 600)
            page.evaluate(WATCH_FRAMES)
            browsers = psutil.Process().children(recursive=True)
            used = used_by(*browsers)
            for _ in range(TURNS):
                page.mouse.wheel(0, 240)
                page.wait_for_timeout(16)
            page.wait_for_timeout(500)
            gaps, top = page.evaluate("[window.gaps, scrollY]")
            over, each = sum(gap > 100 for gap in gaps), (used_by(*browsers) - used) / len(gaps)
            yield (
                f"{'scrolling ' + name:24} {max(gaps):8.0f} ms at most between {len(gaps)} frames, "
                f"{over} over 100 ms, {np.percentile(gaps, 99):.0f} ms in 99 of 100; {each:.1f} ms of a "
                f"processor for each; {top:.0f} px"
            )
            page.close()
        browser.close()


def made_up(folder: Path, faces: int, people: int) -> None:
    """An index of so many faces and people, of whom the first has a twentieth of the faces."""
    largest = faces // 20
    shares = np.arange(1, people) ** -0.7
    sizes = np.maximum(3, np.round((faces - largest) * shares / shares.sum())).astype(int)
    synthetic_index(folder, faces, np.concatenate([[largest], sizes]), [_portrait(i) for i in range(64)])
    group_faces(IndexStore.open(folder), ClusterConfig())


def _portrait(number: int) -> bytes:
    """A picture as large, in pixels and bytes, as thumbnails of faces are."""
    rough = np.random.default_rng(number).integers(0, 256, (14, 14, 3), np.uint8)
    jpeg = io.BytesIO()
    Image.fromarray(rough).resize((112, 112), Image.Resampling.BICUBIC).save(jpeg, "JPEG", quality=80)
    return jpeg.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", nargs="?", type=Path)
    parser.add_argument("--synthetic", type=int, metavar="FACES")
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--frames", action="store_true")
    arguments = parser.parse_args()
    if bool(arguments.index) == bool(arguments.synthetic):
        parser.error("Give an index or --synthetic FACES.")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "index"
        if arguments.synthetic:
            made_up(folder, arguments.synthetic, arguments.people)
            if arguments.keep:
                shutil.copytree(folder, arguments.keep)
        else:
            shutil.copytree(arguments.index, folder)
        people = IndexStore.open(folder).current_clustering()
        print(f"{len(IndexStore.open(folder).faces([]))} faces, {len(people.people) if people else 0} people")
        for line in measured(folder, arguments.frames):
            print(line, flush=True)


if __name__ == "__main__":
    main()
