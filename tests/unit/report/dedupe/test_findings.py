"""The page, the table of actions and the corrected data set, with names that mean harm."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from photoclust.errors import OutputError
from photoclust.report.dedupe.actions import ActionRow, action_lines, read_rows, refused_lines
from photoclust.report.dedupe.corrected import write_corrected
from photoclust.report.dedupe.findings import KINDS, PERSON_IN_SPLITS, WRONG_LABEL, Action, Finding, Side
from photoclust.report.dedupe.page import FACES_SHOWN, Summary, findings_page, write_findings

SUMMARY = Summary("faces", 10, 3, ("1 photo failed.",))
EVIL = "</style><script>document.title='owned'</script>"


def finding(label: str = "Ada", uris: tuple[str, ...] = ("/p/1.jpg",), kind: str = WRONG_LABEL) -> Finding:
    side = Side(label, "1 photo", uris, tuple(range(len(uris))))
    actions = tuple(Action(uri, label, "", "move", f"{label} again") for uri in uris)
    return Finding(kind, f"1 face under {label}", "It is so.", 0.876, (label,), (side,), actions)


def thumbnails(rows: object) -> dict[int, bytes]:
    return dict.fromkeys(rows, b"\xff\xd8jpeg")  # type: ignore[call-overload]


def row(label: str = "Ada", uri: str = "/a") -> ActionRow:
    return ActionRow(uri, label, "", (WRONG_LABEL, "same_photo"), "yes", "move", "Bob", 0.876, "It is so.")


def test_the_table_says_what_is_proposed_for_a_photo() -> None:
    [read] = csv.DictReader(io.StringIO(b"".join(action_lines([row()])).decode()))
    assert read == {
        "photo": "/a",
        "label": "Ada",
        "split": "",
        "finding": "wrong_label same_photo",
        "accept": "yes",
        "action": "move",
        "proposed_label": "Bob",
        "confidence": "0.876",
        "reason": "It is so.",
    }


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@x", "\tx", "'=x", "a\nb", 'a"b', "ä,ö;ü"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_no_cell_is_a_formula_and_every_label_comes_back(label: str, separator: str, encoding: str) -> None:
    text = b"".join(action_lines([row(label)])).decode()
    assert not next(csv.DictReader(io.StringIO(text, newline="")))["label"].startswith(("=", "+", "-", "@"))
    saved = io.StringIO(newline="")
    csv.writer(saved, delimiter=separator).writerows(csv.reader(io.StringIO(text, newline="")))
    [read] = read_rows(saved.getvalue().encode(encoding))
    assert read.place == ("/a", label, "")
    assert read.findings == (WRONG_LABEL, "same_photo")
    assert read.answer is True


@pytest.mark.parametrize(
    ("said", "meant"),
    [("yes", True), (" Ja ", True), ("X", True), ("NO", False), ("nein", False), ("", None)],
)
def test_yes_and_no_are_understood(said: str, meant: bool | None) -> None:
    [read] = read_rows(f"photo;label;accept\n/a;Ada;{said}\n".encode())
    assert read.answer is meant


def test_an_answer_that_is_neither_is_refused() -> None:
    [read] = read_rows(b"photo,label,accept\n/a,Ada,perhaps\n")
    with pytest.raises(ValueError, match="neither yes nor no"):
        _ = read.answer


def test_refusals_come_back() -> None:
    content = b"".join(refused_lines([("a b/1.jpg", "=Ada", "", "wrong_label", "Bob")]))
    [read] = read_rows(content)
    assert (read.place, read.findings) == (("a b/1.jpg", "=Ada", ""), ("wrong_label",))


def test_the_page_shows_faces_and_stands_alone() -> None:
    uris = tuple(f"/p/{n}.jpg" for n in range(FACES_SHOWN + 3))
    page = findings_page([finding(uris=uris)], SUMMARY, thumbnails)
    assert page.count("data:image/jpeg;base64,") == FACES_SHOWN
    assert "and 3 more" in page
    assert "87% sure" in page
    assert "move 11 photos from Ada to Ada again" in page
    assert not re.search(r"<script|src=.http|@import|url\(", page)


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_are_only_text(kind: str) -> None:
    one = finding(EVIL, (f"/p/{EVIL}.jpg",), kind)
    page = findings_page([one], Summary(EVIL, 1, 1, (EVIL,)), thumbnails)
    assert "<script" not in page
    assert page.count("</style>") == 1


def test_a_finding_without_faces_names_its_labels() -> None:
    one = Finding(PERSON_IN_SPLITS, "2 labels", "Why.", 1.0, ("Ada", "Bob"), (), ())
    page = findings_page([one], SUMMARY, thumbnails)
    assert "Bob" in page
    assert "100% sure" in page


def test_nothing_found_is_said() -> None:
    assert "Every label agrees with its faces" in findings_page([], SUMMARY, thumbnails)


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    page = write_findings([finding()], SUMMARY, thumbnails, tmp_path / "out")
    assert page.name == "index.html"
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o600}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"index.html"}


# -- the corrected data set ---------------------------------------------------------------------------


def tree(folder: Path) -> dict[str, str]:
    links = (path for path in folder.rglob("*") if path.is_symlink())
    return {str(path.relative_to(folder)): str(path.readlink()) for path in links}


def test_links_lie_under_their_labels(tmp_path: Path) -> None:
    photos = [("/a/1.jpg", "", "Ada"), ("/b/1.jpg", "", "Ada"), ("/c/2.jpg", "", ""), ("/c/3.jpg", "", "Bob")]
    assert write_corrected(photos, tmp_path / "new") == 3
    assert tree(tmp_path / "new") == {
        "Ada/1.jpg": "/a/1.jpg",
        "Ada/1 (2).jpg": "/b/1.jpg",
        "Bob/3.jpg": "/c/3.jpg",
    }


def test_splits_keep_their_folders(tmp_path: Path) -> None:
    photos = [("/a/1.jpg", "train", "Ada"), ("/a/2.jpg", "test", "Ada"), ("/a/3.jpg", "", "train")]
    write_corrected(photos, tmp_path / "new")
    assert set(tree(tmp_path / "new")) == {"train/Ada/1.jpg", "test/Ada/2.jpg", "no split/train/3.jpg"}


@pytest.mark.parametrize("name", ["../../evil", "/etc", "..", ".", "a/../../b", "x\0y", "...", "\u202e", "~"])
def test_no_label_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    new = tmp_path / "inner" / "new"
    write_corrected([("/a/1.jpg", name, name), ("/a/2.jpg", "b", "Ada")], new)
    assert {path.name for path in tmp_path.iterdir()} == {"inner"}
    assert {path.name for path in (tmp_path / "inner").iterdir()} == {"new"}
    assert sorted(tree(new).values()) == ["/a/1.jpg", "/a/2.jpg"]
    assert all(len(Path(link).parts) == 3 for link in tree(new))


def test_labels_that_look_alike_stay_apart(tmp_path: Path) -> None:
    write_corrected(
        [("/a/1.jpg", "", "a/b"), ("/a/2.jpg", "", "a:b"), ("/a/3.jpg", "", "A_B")], tmp_path / "x"
    )
    assert len({Path(link).parent for link in tree(tmp_path / "x")}) == 3


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    for name in ("full", "file", "link"):
        with pytest.raises(OutputError):
            write_corrected([("/a/1.jpg", "", "Ada")], tmp_path / name)
    assert (tmp_path / "full" / "mine.txt").read_text() == "x"
    (tmp_path / "empty").mkdir()
    assert write_corrected([("/a/1.jpg", "", "Ada")], tmp_path / "empty") == 1
