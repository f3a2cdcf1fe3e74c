"""An index in memory: what a decision shows at once is what the grouping that follows makes of it."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up import build_index

from photoclust.api.context import context_of
from photoclust.config import IndexSettings
from photoclust.errors import IndexMissingError, StaleViewError, UsageError
from photoclust.index.store import IndexStore
from photoclust.models.weights import weights_sha256
from photoclust.workflows.people.apply import apply
from photoclust.workflows.people.people_index import PeopleIndex
from photoclust.workflows.review.left_over import left_over
from photoclust.workflows.review.photos import PhotoCard, photo_card, waiting_thumbnail
from photoclust.workflows.review.request import Said
from photoclust.workflows.review.session import ReviewSession
from photoclust.workflows.review.thumbnails import Thumbnails

PeopleOf = Callable[[IndexStore], dict[str, str]]


def parts(session: ReviewSession) -> dict[str, frozenset[str]]:
    """Faces of each person, by what they are called."""
    view = session.view
    return {
        view.called[place]: frozenset(view.faces.ids[row] for row in view.rows_of(place))
        for place in view.ranked
    }


def regroup(session: ReviewSession) -> None:
    done = session.begin_grouping()
    apply(session.store, PeopleIndex(session.store), context_of("local"))
    session.grouped(done)


def test_what_is_shown_at_once_is_what_is_grouped(album_index: IndexStore, people_of: PeopleOf) -> None:
    session, who = ReviewSession(album_index), people_of(album_index)
    bea, cleo, dora = (who[name] for name in ("bea", "cleo", "dora"))
    face = session.view.faces.ids[session.view.rows_of(session.view.place(cleo))[0]]
    session.say(Said("name", (dora,), name="Dora"))
    session.say(Said("name", (bea,), name="Dora"))  # one name, one person
    session.say(Said("reject", (cleo,), (face,)))
    session.say(Said("same", (dora,), (face,)))
    session.say(Said("ignore", (who["ada"],)))
    shown = parts(session)
    assert {name: len(own) for name, own in shown.items()} == {"Dora": 9, "Person 3": 3, "Person 1": 9}
    regroup(session)
    assert set(parts(session).values()) == set(shown.values())
    assert parts(session)["Dora"] == shown["Dora"]
    assert not session.pending


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.permutations(["ada", "bea", "cleo", "dora"]), min_size=1, max_size=3))
def test_merges_are_shown_as_they_are_grouped(
    album_index: IndexStore, people_of: PeopleOf, pairs: list[list[str]]
) -> None:
    with TemporaryDirectory() as place:
        store = IndexStore.open(shutil.copytree(album_index.folder, Path(place) / "index"))
        session, who = ReviewSession(store), people_of(store)
        for one, other, *_ in pairs:
            people = who[one], who[other]  # the ids of the beginning, whatever has become of them
            if len(set(map(session.view.current, people))) == 2:
                session.say(Said("merge", people))
        shown = set(parts(session).values())
        regroup(session)
        assert set(parts(session).values()) == shown


def test_somebody_new_can_be_spoken_of_before_and_after_the_grouping(
    album_index: IndexStore, people_of: PeopleOf
) -> None:
    session, ada = ReviewSession(album_index), people_of(album_index)["ada"]
    face = session.view.faces.ids[session.view.rows_of(session.view.place(ada))[0]]
    new = session.say(Said("split", (ada,), (face,))).people[-1]
    session.say(Said("name", (new,), name="Eve"))
    assert parts(session)["Eve"] == {face}
    regroup(session)
    assert face in parts(session)["Eve"]
    with pytest.raises(UsageError, match="no longer there"):
        session.view.place("0123456789abcdef")


def test_another_revision_counts_for_whom_it_has_changed(
    album_index: IndexStore, people_of: PeopleOf
) -> None:
    session, who = ReviewSession(album_index), people_of(album_index)
    before = session.revision
    session.say(Said("cover", (who["ada"],), (session.view.cover_of(session.view.place(who["ada"])),)))
    session.say(Said("ignore", (who["bea"],), revision=before))
    with pytest.raises(StaleViewError):
        session.say(Said("ignore", (who["ada"],), revision=before))
    with pytest.raises(StaleViewError):
        session.say(Said("ignore", (who["cleo"],), revision="0.0"))
    session.say(Said("ignore", (who["ada"],), revision=session.revision))


def test_what_others_write_is_noticed(album_index: IndexStore, people_of: PeopleOf) -> None:
    told: list[str] = []
    session = ReviewSession(album_index, lambda: told.append("changed"))
    assert not session.catch_up()
    other = ReviewSession(album_index)
    other.say(Said("name", (people_of(album_index)["ada"],), name="Ada"))
    assert session.catch_up()
    assert session.pending  # it was not grouped by
    regroup(other)
    assert session.catch_up()
    assert "Ada" in parts(session)
    assert told == ["changed"]


def test_decisions_written_while_faces_are_grouped_wait_for_no_lock(
    album_index: IndexStore, people_of: PeopleOf
) -> None:
    session = ReviewSession(album_index)
    with album_index.lock():
        session.say(Said("name", (people_of(album_index)["ada"],), name="Ada"))
    assert "Ada" in album_index.decisions_text()


def test_undo_goes_back_through_what_was_grouped(album_index: IndexStore, people_of: PeopleOf) -> None:
    session, who = ReviewSession(album_index), people_of(album_index)
    first = parts(session)
    session.say(Said("merge", (who["ada"], who["bea"])))
    regroup(session)
    assert len(parts(session)) == 3
    entry = session.undoable()
    assert entry is not None
    assert not session.take_back(entry.at.isoformat()).shown
    regroup(session)
    assert parts(session) == first
    redo = session.redoable()
    assert redo is not None
    session.take_back(redo.at.isoformat(), redo=True)
    assert len(parts(session)) == 3
    with pytest.raises(UsageError, match="nothing to do again"):
        session.take_back("", redo=True)


def test_thumbnails_are_those_of_the_index(album_index: IndexStore) -> None:
    session = ReviewSession(album_index)
    faces = session.view.faces
    thumbnails = Thumbnails(album_index, faces)
    stored = album_index.faces(["thumbnail"])
    for row in itertools.chain(range(5), range(len(faces))):
        assert thumbnails.jpeg(row) == stored["thumbnail"][row].as_py()
    assert list(album_index.folder.glob("tmp*")) == []  # the file has no name
    thumbnails.close()


def test_an_index_without_people_is_refused(album_index: IndexStore) -> None:
    album_index.clusterings.pointer.unlink()
    with pytest.raises(IndexMissingError, match="no people yet"):
        ReviewSession(album_index)


# -- which faces there are ----------------------------------------------------------------------------------


@pytest.fixture
def there(tmp_path: Path) -> IndexStore:
    """An index whose photos can be opened."""
    sha256 = weights_sha256(IndexSettings().embed.model)
    return build_index(tmp_path / "index", {"ada": 4, "bea": 3}, photos=tmp_path / "photos", sha256=sha256)


def photo_with_a_face(session: ReviewSession) -> PhotoCard:
    row = int(session.view.faces.photo[session.view.faces.row_of[session.view.faces.ids[0]]])
    return photo_card(session.view, row)


def test_a_drawn_face_is_shown_at_once_and_read_by_the_grouping(there: IndexStore) -> None:
    session = ReviewSession(there)
    photo = photo_with_a_face(session)
    told = session.say(
        Said("draw", name="Zoe", photo=photo.id, box=(120, 110, 190, 190), revision=session.revision)
    )
    assert told.said == "Drew a face by hand; named it 'Zoe'"
    (face,) = [one for one in photo_with_a_face(session).faces if one.drawn]
    assert (face.status, face.called, face.person) == ("waiting", "Zoe", "")
    assert waiting_thumbnail(there, session.view, face.id).startswith(b"\xff\xd8")
    regroup(session)
    (face,) = [one for one in photo_with_a_face(session).faces if one.drawn]
    assert (face.status, face.called) == ("member", "Zoe")
    entry = session.undoable()
    assert entry is not None
    session.take_back(entry.at.isoformat())
    assert photo_with_a_face(session) == photo
    regroup(session)
    assert photo_with_a_face(session) == photo


def test_a_face_is_drawn_as_somebody_who_is_there(there: IndexStore) -> None:
    session = ReviewSession(there)
    person = session.view.people[0].id
    photo = photo_with_a_face(session)
    session.say(Said("draw", (person,), photo=photo.id, box=(120, 110, 190, 190)))
    (face,) = [one for one in photo_with_a_face(session).faces if one.drawn]
    assert face.called == session.view.called[0]
    with pytest.raises(UsageError, match="already"):
        session.say(Said("draw", photo=photo.id, box=(121, 111, 190, 190)))
    with pytest.raises(UsageError, match="where in it"):
        session.say(Said("draw", photo=photo.id))


def test_what_is_no_face_is_nowhere_but_among_those_that_are_none(there: IndexStore) -> None:
    session = ReviewSession(there)
    photo = photo_with_a_face(session)
    face, faces = photo.faces[0].id, int(session.view.there.sum())
    session.say(Said("not_a_face", faces=(face,)))
    for _ in range(2):
        now = photo_with_a_face(session)
        assert [one.id for one in now.no_faces] == [face]
        assert face not in [one.id for one in now.faces]
        assert int(session.view.there.sum()) == faces - 1
        shown = left_over(session.view, session.revision, 0, 100)
        assert [one.id for one in shown.no_faces] == [face]
        assert face not in [one.id for row in shown.rows for one in row.faces]
        regroup(session)
    session.say(Said("not_a_face", faces=(face,), undo=True))
    assert face in [one.id for one in photo_with_a_face(session).faces]
    regroup(session)
    assert photo_with_a_face(session) == photo
