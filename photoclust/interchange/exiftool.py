"""XMP inside photos, read and written by exiftool (https://exiftool.org), which is not part of photoclust.

It writes a copy beside the photo and lets that take the photo's place, so that a photo is whole at any time.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from photoclust.errors import OutputError

AT_ONCE = 200
"""Photos for one process of exiftool, which takes a fifth of a second to start."""


def require_exiftool() -> None:
    """Make sure that there is exiftool.

    Raises
    ------
    OutputError
        There is none.
    """
    if not shutil.which("exiftool"):
        raise OutputError(
            "exiftool is not installed on this machine, and only it writes into photos; install it "
            "(Debian: libimage-exiftool-perl), or write sidecars."
        )


def read_packets(photos: Sequence[Path]) -> dict[Path, bytes]:
    """Read the XMP in photos; those without any, and those that cannot be read, are left out."""
    done = _run(["-json", "-b", "-XMP"], [str(photo) for photo in photos])
    try:
        rows = json.loads(done.stdout or b"[]")
    except ValueError:  # a packet that is no text
        each = [read_packets([photo]) for photo in photos] if len(photos) > 1 else []
        return {photo: packet for one in each for photo, packet in one.items()}
    return {Path(row["SourceFile"]): _packet(row["XMP"]) for row in rows if row.get("XMP")}


def write_packets(packets: Mapping[Path, bytes]) -> dict[Path, str]:
    """Replace the XMP in photos; an empty packet removes it.

    Returns
    -------
    dict
        Photos that could not be written, and why.
    """
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (photo, packet) in enumerate(packets.items()):
            source = Path(folder, f"{number}.xmp")
            source.write_bytes(packet)
            change = f"-XMP<={source}" if packet else "-XMP:all="
            lines += ["-overwrite_original", change, str(photo), "-execute"]
        done = _run([], lines)
    complaints = done.stderr.decode("utf-8", "replace").splitlines()
    errors = [line.removeprefix("Error: ") for line in complaints if line.startswith("Error: ")]
    return {
        photo: line.removesuffix(f" - {photo}")
        for photo in packets
        for line in errors
        if line.endswith(f" - {photo}")
    }


def _run(options: list[str], arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run exiftool without anybody's configuration; arguments, a line each, by way of its standard input."""
    lines = "\n".join(arguments).encode("utf-8", "surrogateescape") + b"\n"
    command = ["exiftool", "-config", "", *options, "-@", "-"]
    return subprocess.run(command, input=lines, capture_output=True, check=False)  # noqa: S603


def _packet(text: str) -> bytes:
    start, coded, rest = text.partition("base64:")
    return base64.b64decode(rest) if coded and not start else text.encode("utf-8")
