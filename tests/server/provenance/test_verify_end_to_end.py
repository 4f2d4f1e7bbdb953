"""From a call in any dialect to the verdict: what was handed out is known again."""

import asyncio
import base64
import datetime as dt
import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from pipelines.provenance.credentials import read_credentials
from pipelines.types import Pixels
from server.provenance.archive import marks, seal_reader
from server.provenance.certificates import Certificates
from server.provenance.keys import MarkKey, read_or_make_keys
from server.provenance.policy import LabelPolicy
from server.provenance.publishing import Publishing
from server.provenance.registry import Registry
from server.provenance.seal import Seal, SealSettings
from server.provenance.verifier import Verifier
from server.provenance.verifying import Examiner
from server.store.database import FILE, Database, prepare
from tests.server.conformance.calls import ARK, EDITS, GENERATIONS, M3, M5_LITE, fetched
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer
from tests.server.provenance.marked import saved

NATIVE = "/seedbed/v1/images"
VERIFY = "/v1/watermark/verify"
GENERATED = "ai_generated_by_this_server"
CALLS = {
    "ark jpeg": (ARK, {"model": M3, "size": "512x512", "watermark": False}),
    "ark png": (ARK, {"model": M5_LITE, "size": "2048x2048", "output_format": "png"}),
    **{
        f"openai {form}": (
            GENERATIONS,
            {"model": "gpt-image-1.5", "size": "1024x1024", "output_format": form},
        )
        for form in ("png", "jpeg", "webp")
    },
    **{
        f"native {form}": (
            NATIVE,
            {"size": "512x512", "stream": False, "output_format": form, "watermark": True},
        )
        for form in ("png", "jpeg", "webp")
    },
}


@dataclass(frozen=True)
class House:
    """A server with every layer on."""

    client: httpx2.Client
    data_dir: Path
    key: MarkKey
    anchors: str

    def draw(self, name: str, prompt: str = "a cat") -> bytes:
        path, body = CALLS[name]
        answer = self.client.post(path, json={"prompt": prompt, "seed": 7, **body})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        (picture,) = told.get("images") or told["data"]
        if picture.get("b64_json"):
            return base64.b64decode(picture["b64_json"])
        return fetched(picture["url"])

    def verify(self, data: bytes, **fields: str) -> dict[str, Any]:
        answer = self.client.post(VERIFY, files={"image": data}, data=fields)
        assert answer.status_code == 200, answer.text
        (one,) = answer.json()["data"]
        return dict(one)


@pytest.fixture(scope="module")
def house(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    prepare(folder)
    database = Database(folder)
    registry = Registry(database)
    keys = read_or_make_keys(folder)
    Certificates(folder).make("A site", dt.datetime.now(dt.UTC))
    settings = SealSettings(folder)
    seal = Seal(settings)
    publishing = Publishing(keys=keys, seal=seal, keeping=LabelPolicy())
    verifier = Verifier(Examiner(marks(keys), seal_reader(settings)), registry.find)
    with (
        closing(verifier),
        serving(
            drawer, folder, verifier=verifier, publishing=publishing, registry=registry
        ) as site,
        httpx2.Client(base_url=site.url, timeout=60) as client,
    ):
        client.headers["authorization"] = f"Bearer {KEY}"
        yield House(client, folder, keys[0], seal.anchors)
    asyncio.run(database.close())


@pytest.mark.parametrize("name", list(CALLS))
def test_a_picture_of_each_dialect_and_format_is_known_by_every_layer(
    house: House, name: str
) -> None:
    data = house.draw(name)
    one = house.verify(data)
    assert one["verdict"] == GENERATED, one
    assert one["ids_agree"] is True
    layers = one["layers"]
    assert (layers["c2pa"]["status"], layers["c2pa"]["issuer"]) == ("trusted", "A site")
    assert layers["c2pa"]["source_types"] == ["trainedAlgorithmicMedia"]
    assert layers["c2pa"]["soft_bindings"] == [one["id"]]
    assert layers["metadata"]["produce_id"] == one["id"]
    assert layers["metadata"]["aigc_label"] == "1"
    assert (layers["invisible"]["id"], layers["invisible"]["key"]) == (one["id"], house.key.name)
    assert (one["registry"]["same_file"], one["registry"]["looks_alike"]) == (True, True)
    assert one["registry"]["client"] == "tester"
    assert read_credentials(data, one["format"], house.anchors).status == "trusted"


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(saved(image, "JPEG", quality=quality)))


def journey(data: bytes) -> Image.Image:
    """JPEG 70, a quarter of each side cut off, a screenshot."""
    image = jpeg(Image.open(io.BytesIO(data)).convert("RGB"), 70)
    width, height = image.size
    left, top = width // 9, height // 7
    image = image.crop((left, top, left + width * 3 // 4, top + height * 3 // 4))
    image = image.resize(
        (round(image.width * 0.83), round(image.height * 0.83)), Image.Resampling.BICUBIC
    )
    gamma = [round(255 * (level / 255) ** (1 / 1.06)) for level in range(256)] * 3
    return jpeg(image.point(gamma), 80)


@pytest.mark.parametrize("name", ["ark jpeg", "openai webp", "native png"])
def test_after_a_journey_only_the_mark_is_left_and_leads_to_everything(
    house: House, name: str
) -> None:
    original = house.draw(name)
    one = house.verify(saved(journey(original)))
    assert one["verdict"] == GENERATED, one
    assert one["layers"]["c2pa"]["status"] == one["layers"]["metadata"]["status"] == "absent"
    assert one["layers"]["invisible"]["geometry"].startswith("cropped to 1/1.3")
    assert one["layers"]["invisible"]["false_positive_bound"] < 1e-8
    assert (one["registry"]["same_file"], one["registry"]["looks_alike"]) == (False, True)
    manifest = house.client.get(one["registry"]["manifest"])
    assert manifest.headers["content-type"] == "application/c2pa"
    assert one["id"].encode() in manifest.content
    assert house.verify(original)["id"] == one["id"]


def test_a_picture_without_a_label_says_the_same_by_all_other_layers(house: House) -> None:
    path, body = CALLS["native png"]
    labelled, bare = (
        house.client.post(path, json={"prompt": "a cat", **body, "watermark": said}).json()
        for said in (True, False)
    )
    ids = {one["images"][0]["provenance"]["id"] for one in (labelled, bare)}
    assert len(ids) == 2
    layers = bare["images"][0]["provenance"]["layers"]
    assert layers == ["metadata", "invisible", "c2pa", "registry"]


def test_an_edit_that_keeps_a_marked_picture_bears_its_own_id(house: House) -> None:
    original = house.draw("openai png")
    mask = Image.new("RGBA", (1024, 1024), "black")
    mask.paste((0, 0, 0, 0), (400, 400, 600, 600))
    answer = house.client.post(
        EDITS,
        files={"image": original, "mask": saved(mask)},
        data={"model": "gpt-image-1.5", "prompt": "a hat", "size": "1024x1024"},
    )
    edited = base64.b64decode(answer.json()["data"][0]["b64_json"])
    kept = [
        np.asarray(Image.open(io.BytesIO(one)).convert("RGB"))[:300] for one in (original, edited)
    ]
    assert np.abs(kept[0].astype(int) - kept[1]).mean() < 5, "hardly more than the mark differs"
    one = house.verify(edited)
    assert (one["verdict"], one["ids_agree"]) == (GENERATED, True)
    assert one["id"] != house.verify(original)["id"]
    assert one["layers"]["c2pa"]["source_types"] == ["compositeWithTrainedAlgorithmicMedia"]


def test_a_registry_that_does_not_answer_is_named_and_nothing_is_lost(house: House) -> None:
    path, body = CALLS["native png"]
    call = {"prompt": "a lighthouse", "seed": 7, **body}
    first = house.draw("native png", "a lighthouse")
    ident = house.verify(first, depth="fast")["id"]
    with closing(sqlite3.connect(house.data_dir / FILE)) as other:
        other.execute("ALTER TABLE pictures RENAME TO away")
        try:
            told = [
                house.client.post(VERIFY, files={"image": first}, data={"depth": "fast"}),
                house.client.get(f"/v1/watermark/manifests/{ident}"),
            ]
            assert house.client.post(path, json=call).status_code == 500
        finally:
            other.execute("ALTER TABLE away RENAME TO pictures")
        for answer in told:
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            error = answer.json()["error"]
            assert error["code"] == "server_is_overloaded"
            assert "The server's database cannot be used now" in error["message"]
        assert house.verify(first, depth="fast")["registry"]["same_file"] is True
        assert house.draw("native png", "a lighthouse")
        rows = other.execute("SELECT sha256 FROM pictures WHERE id = ?", (ident,)).fetchall()
    assert len(rows) == 2, "one for each answer, none for the call that failed"


def test_another_servers_keys_and_roots_know_nothing(house: House, tmp_path: Path) -> None:
    data = house.draw("openai png")
    keys = read_or_make_keys(tmp_path)
    Certificates(tmp_path).make("Another", dt.datetime.now(dt.UTC))
    stranger = Examiner(marks(keys), seal_reader(SealSettings(tmp_path)))
    found = stranger.examine(data, "deep", "image")
    assert found.credentials.status == "valid"
    assert found.mark.id is None
    assert found.claims.generated


def test_a_label_from_another_picture_is_a_conflict(house: House) -> None:
    one, other = house.draw("native jpeg", "a cat"), house.draw("native jpeg", "a dog")
    packet = Image.open(io.BytesIO(other)).info["xmp"]
    forged = saved(Image.open(io.BytesIO(one)), "JPEG", quality=95, xmp=packet)
    told = house.verify(forged)
    assert (told["verdict"], told["ids_agree"]) == ("conflict", False)
    assert told["id"] == house.verify(one)["id"], "the mark outweighs the label"


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(lambda pixels: pixels, id="whole"),
        pytest.param(lambda pixels: pixels[50:, 60:], id="cut"),
    ],
)
def test_a_mark_that_was_copied_to_a_photograph_is_a_conflict(
    house: House, cut: Callable[[Pixels], Pixels]
) -> None:
    """What a model drew coarsely and was enlarged has nothing fine in it but the mark."""
    marked = Image.open(io.BytesIO(house.draw("native png"))).convert("RGB")
    coarse = marked.resize((128, 128), Image.Resampling.BOX)
    plain = coarse.resize((512, 512), Image.Resampling.LANCZOS)
    residual = np.asarray(marked).astype(int) - np.asarray(plain)
    ramp = np.linspace(30, 220, 512)
    layers = (np.add.outer(ramp, ramp) / 2, np.tile(ramp, (512, 1)), np.tile(ramp, (512, 1)).T)
    foreign = np.clip(np.dstack(layers) + residual, 0, 255).astype(np.uint8)
    told = house.verify(saved(np.ascontiguousarray(cut(foreign))))
    assert told["layers"]["invisible"]["status"] == "verified", "the mark was not copied"
    assert told["registry"]["looks_alike"] is False
    assert told["verdict"] == "conflict"
