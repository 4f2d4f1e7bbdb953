"""The last way of a picture, without HTTP: what is in the file, what is said of what is not."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.post.encode import Format
from pipelines.provenance.claims import read_claims
from pipelines.provenance.credentials import (
    Claim,
    SealingFailed,
    Signed,
    read_credentials,
)
from pipelines.provenance.recipe import Recipe
from pipelines.tilemark.mark import TileMark
from pipelines.types import Size
from server.provenance.certificates import Certificates
from server.provenance.keys import MarkKey
from server.provenance.policy import LabelPolicy
from server.provenance.publishing import House, Provenance, Publishing, Work, told
from server.provenance.seal import Seal, SealSettings
from tests.server.pictures import pixels
from tests.server.provenance.marked import scenery

KEY = MarkKey("0001-00000000", bytes(range(32)))
RECIPE = Recipe(
    seedbed="1.0",
    model="gpt-image-1",
    drawn_by="embedded",
    seed=7,
    size=Size(512, 512),
    native=Size(512, 512),
    steps=4,
    guidance=1.0,
    prompt="a cat",
    weights="ab" * 32,
)
WORK = Work(RECIPE, "png", "tester", "req_1")
PICTURE = scenery(1)


class Unable:
    def sign(self, data: bytes, format: Format, claim: Claim) -> Signed:  # noqa: A002 - the seal's own word
        raise SealingFailed("the library has a headache")


def test_one_id_is_in_every_layer(tmp_path: Path) -> None:
    Certificates(tmp_path).make("A house", dt.datetime.now(dt.UTC))
    seal = Seal(SealSettings(tmp_path))
    published = Publishing(keys=[KEY], seal=seal, keeping=LabelPolicy()).publish(PICTURE, WORK)
    data, record, marks = published.picture.data, published.record, published.provenance
    assert marks.layers == ("metadata", "invisible", "c2pa", "registry")
    assert not marks.skipped
    assert record is not None
    assert f"{record.id:016x}" == marks.id
    found = read_credentials(data, "png", seal.anchors)
    assert (found.status, found.soft_bindings) == ("trusted", (marks.id,))
    assert read_claims(data).labels[0].produce_id == marks.id
    assert TileMark(KEY.secret).detect(pixels(data)).ident == record.id
    assert record.manifest is not None
    assert record.manifest in data


def test_a_picture_that_cannot_be_sealed_goes_out_and_says_so() -> None:
    published = Publishing(keys=[KEY], seal=Unable()).publish(PICTURE, WORK)
    assert published.provenance.skipped["c2pa"] == "it could not be sealed"
    assert "c2pa" not in published.provenance.layers
    assert read_claims(published.picture.data).generated


def test_where_marks_are_switched_off_or_there_is_no_key_that_is_said() -> None:
    off = Publishing(keys=[KEY], marks=False).publish(PICTURE, WORK)
    keyless = Publishing().publish(PICTURE, WORK)
    assert off.provenance.skipped["invisible"] == "it is switched off here"
    assert keyless.provenance.skipped["invisible"] == "there is no key here"
    assert (pixels(off.picture.data) == PICTURE).all()
    assert off.provenance.id != keyless.provenance.id


def test_a_prompt_that_is_too_long_for_a_file_is_left_out_and_named() -> None:
    work = replace(WORK, recipe=replace(RECIPE, prompt="x" * 70_000), format="jpeg")
    marks = Publishing().publish(PICTURE, work).provenance
    assert marks.skipped["prompt"] == "it is too long for a file"


@pytest.mark.parametrize(
    ("detail", "prompt", "weights"),
    [("full", "a cat", True), ("minimal", None, True), ("none", None, False)],
)
def test_the_house_says_who_it_is_and_how_much_it_tells(
    detail: Any, prompt: str | None, weights: bool
) -> None:
    house = House("001191310000MA1FL0XX0X00001", "A gallery", detail)
    claims = read_claims(Publishing(house).publish(PICTURE, WORK).picture.data)
    (label,) = claims.labels
    assert (label.producer, label.propagator) == ("001191310000MA1FL0XX0X00001", "A gallery")
    assert claims.systems[0] == "embedded"
    assert (claims.recipe.prompt if claims.recipe else None) == prompt
    assert (RECIPE.weights.encode() in Publishing(house).publish(PICTURE, WORK).picture.data) is (
        weights
    )


def test_a_preview_says_what_it_is_bears_no_mark_and_is_no_picture_of_the_registry() -> None:
    publishing = Publishing(keys=[KEY], keeping=LabelPolicy())
    preview = publishing.preview(PICTURE, WORK)
    assert read_claims(preview.data).generated
    assert (pixels(preview.data) == PICTURE).all()
    assert publishing.preview(PICTURE, WORK).data == preview.data


def test_what_is_planned_is_told_before_there_is_a_picture() -> None:
    publishing = Publishing(keys=[KEY], keeping=LabelPolicy())
    assert publishing.planned(Size(512, 512), True) == "planned=label+metadata+invisible+registry"
    assert publishing.planned(Size(512, 64), False) == (
        "planned=metadata+registry; skipped=invisible; "
        "why=the short side is 64 px and a mark needs at least 384"
    )


def test_pictures_with_the_same_marks_are_told_together() -> None:
    marked = [Provenance(f"{number:016x}", ("metadata", "invisible")) for number in (1, 2)]
    bare = Provenance("f" * 16, ("metadata",), {"invisible": "flat, and small"})
    assert told([marked[0], bare, marked[1]]) == (
        "0000000000000001 0000000000000002; layers=metadata+invisible, "
        "ffffffffffffffff; layers=metadata; skipped=invisible; why=flat and small"
    )
