"""``verify``: the same person or two people, by the command line and from Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from portraits import make_portraits

import photoclust
from photoclust.cli import cli
from photoclust.errors import ProbeError, UsageError, WeightsError
from photoclust.workflows.verify import VerifyOptions
from photoclust.workflows.verify import verify as workflow


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos each of Hopper, Collins and a photographer; one of two of them; one of nobody."""
    folder = tmp_path_factory.mktemp("photos")
    make_portraits(folder)
    both = Image.new("RGB", (480, 240))
    for left, name in ((0, "hopper"), (240, "collins")):
        both.paste(Image.open(folder / name / "03.jpg"), (left, 0))
    both.save(folder / "both.jpg")
    Image.new("RGB", (200, 200), "teal").save(folder / "nobody.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["verify", *(str(argument) for argument in arguments)])


def test_the_same_person(photos: Path) -> None:
    said = run(photos / "hopper/01.jpg", photos / "hopper/03.jpg")
    assert said.exit_code == 0, said.output
    assert said.output.startswith("The same person: ")
    assert "false match rate 1 in 1,000" in said.output
    assert "Cosine distance" in said.output
    assert "Euclidean distance" in said.output


def test_two_people(photos: Path) -> None:
    said = run(photos / "hopper/01.jpg", photos / "collins/01.jpg", "--json")
    found = json.loads(said.output)
    assert said.exit_code == 3
    assert found["verified"] is False
    assert found["distance"] > found["threshold"]
    assert 0 < found["probability_low"] <= found["probability"] <= found["probability_high"] < 0.2
    assert (found["model"], found["similarity_metric"]) == ("casia-webface", "score-normalised cosine")
    area = found["facial_areas"]["img1"]
    assert area["w"] > 0
    assert area["left_eye"][0] > area["right_eye"][0]  # as the person has them
    cosine, euclidean = found["cosine_distance"], found["euclidean_distance"]
    assert euclidean == pytest.approx(np.sqrt(2 * cosine))


def test_the_closest_of_several_faces_decides(photos: Path) -> None:
    found = photoclust.verify(photos / "both.jpg", photos / "hopper/01.jpg")
    assert found.verified
    assert len(found.pairs) == 2
    assert found.pairs[0].distance < found.pairs[1].distance
    assert found.threshold < photoclust.verify(photos / "hopper/02.jpg", photos / "hopper/01.jpg").threshold
    number = found.best.faces[0]
    other = photoclust.verify(photos / "both.jpg", photos / "hopper/01.jpg", faces=(3 - number, None))
    assert not other.verified
    assert [pair.faces for pair in other.pairs] == [(3 - number, 1)]


def test_pairs_of_faces_are_listed(photos: Path) -> None:
    said = run(photos / "both.jpg", photos / "both.jpg")
    assert said.exit_code == 0
    assert "Both files hold the same picture." in said.output
    assert "4 pairs of faces" in said.output


def test_distances_do_not_depend_on_the_order(photos: Path) -> None:
    one, other = photos / "hopper/01.jpg", photos / "collins/02.jpg"
    assert photoclust.verify(one, other).best == photoclust.verify(other, one).best


def test_the_picture_shows_both_photos(photos: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "evil\x1b[31m\u202egnp.jpg"
    hostile.write_bytes((photos / "both.jpg").read_bytes())
    picture = tmp_path / "verdict.png"
    said = run(hostile, photos / "collins/01.jpg", "--picture", picture)
    assert said.exit_code == 0, said.output
    assert "\x1b" not in said.output
    with Image.open(picture) as page:
        assert page.format == "PNG"
        assert page.width > 1000
        assert not page.info.get("exif")
    assert picture.stat().st_mode & 0o077 == 0


def test_a_stricter_rate_asks_for_more(photos: Path) -> None:
    strict, lax = (
        photoclust.verify(photos / "hopper/01.jpg", photos / "hopper/02.jpg", false_match_rate=rate)
        for rate in (1e-5, 1e-1)
    )
    assert strict.threshold < lax.threshold
    assert strict.best.probability == lax.best.probability


@pytest.mark.parametrize(
    ("name", "words"),
    [("nobody.jpg", "No face was found in"), ("broken.jpg", "cannot be used")],
)
def test_photos_of_nobody_are_a_failure(photos: Path, name: str, words: str) -> None:
    with pytest.raises(ProbeError, match=words) as raised:
        photoclust.verify(photos / name, photos / "hopper/01.jpg")
    assert name in str(raised.value)
    assert raised.value.exit_code == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--face", "2"], "there is no face 2"),
        (["--fmr", "1e-9"], "must lie between 1e-05"),
        (["--prior", "0%"], "prior"),
        (["--threshold", "-1"], "threshold is a distance"),
        (["--model", "vggface2"], "was not calibrated"),
        (["--picture", "verdict.jpg"], "ends in .png"),
    ],
)
def test_what_cannot_be_meant_is_refused(photos: Path, options: list[str], words: str) -> None:
    said = run(photos / "hopper/01.jpg", photos / "hopper/02.jpg", *options)
    assert isinstance(said.exception, UsageError)
    assert words in str(said.exception)


def test_a_model_that_there_is_not_is_refused(photos: Path) -> None:
    with pytest.raises(WeightsError, match="weights of nobody are not on this machine"):
        photoclust.verify(photos / "hopper/01.jpg", photos / "hopper/02.jpg", model="nobody")


def test_a_missing_file_and_a_folder_are_refused(photos: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.jpg"):
        workflow(str(photos / "gone.jpg"), str(photos / "both.jpg"))
    with pytest.raises(UsageError, match="more than one photo"):
        workflow(str(photos / "hopper"), str(photos / "both.jpg"))
    assert run(photos / "both.jpg", photos / "both.jpg", *["--face", 1] * 3).exit_code == 2


def test_a_model_without_calibration_has_a_distance_and_no_probability(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoclust.workflows.verify.pair_calibration_of", lambda _: None)
    options = VerifyOptions(threshold=0.6)
    found = workflow(str(photos / "hopper/01.jpg"), str(photos / "hopper/02.jpg"), options)
    assert found.verified
    assert found.similarity_metric == "cosine"
    assert found.best.distance == found.best.cosine_distance
    assert found.best.probability is None
    assert found.lines()[0] == "The same person"
