"""POST /v1/watermark/verify and the stored manifests, over a real socket."""

from collections.abc import Iterator
from contextlib import closing

import httpx2
import openai
import pytest

from pipelines.types import Pixels
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer
from tests.server.provenance.marked import (
    IDENT,
    known,
    marked,
    published,
    said,
    saved,
    scenery,
    verifying,
)

VERIFY = "/v1/watermark/verify"
MARK_ID = f"{IDENT:016x}"


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return marked(scenery(1))


@pytest.fixture(scope="module")
def site(
    drawer: Drawer, picture: Pixels, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    verifier = verifying(known(picture, published(picture)))
    folder = tmp_path_factory.mktemp("data")
    with closing(verifier), serving(drawer, folder, verifier=verifier) as site:
        yield site


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=site.url, timeout=30) as client:
        client.headers["authorization"] = f"Bearer {KEY}"
        yield client


def send(client: httpx2.Client, *files: bytes, **fields: str) -> httpx2.Response:
    parts = [("image", ("a.png", data)) for data in files]
    return client.post(VERIFY, files=parts, data=fields)


def test_a_published_picture_is_verified_layer_by_layer(
    client: httpx2.Client, picture: Pixels
) -> None:
    answer = send(client, published(picture))
    assert answer.status_code == 200
    assert answer.json()["object"] == "list"
    (one,) = answer.json()["data"]
    assert one["object"] == "watermark.verification"
    assert (one["verdict"], one["id"]) == ("ai_generated_by_this_server", MARK_ID)
    assert one["ids_agree"] is True
    assert one["tampered"] is False
    assert one["reasons"]
    assert one["layers"]["c2pa"]["status"] == "absent"
    metadata = one["layers"]["metadata"]
    assert (metadata["status"], metadata["produce_id"]) == ("present", MARK_ID)
    mark = one["layers"]["invisible"]
    assert (mark["status"], mark["id"], mark["key"]) == ("verified", MARK_ID, "first")
    assert mark["decodes_tried"] == 1
    assert 0 < mark["false_positive_bound"] < 1e-9
    registry = one["registry"]
    assert (registry["status"], registry["same_file"]) == ("found", True)
    assert registry["looks_alike"] is True
    assert registry["perceptual_distance"] <= 4
    assert registry["resemblance"] > 0.9
    assert (registry["request_id"], registry["client"]) == ("req_1", "tester")


def test_a_stripped_and_cut_picture_leads_to_its_manifest(
    client: httpx2.Client, picture: Pixels
) -> None:
    (one,) = send(client, saved(picture[50:450, 90:490], "JPEG", quality=70)).json()["data"]
    assert one["verdict"] == "ai_generated_by_this_server"
    assert one["layers"]["metadata"]["status"] == "absent"
    assert one["registry"]["same_file"] is False
    manifest = client.get(one["registry"]["manifest"])
    assert manifest.status_code == 200
    assert manifest.headers["content-type"] == "application/c2pa"
    assert manifest.content == b"a manifest"


def test_another_key_sees_the_picture_and_not_the_request(
    client: httpx2.Client, picture: Pixels
) -> None:
    other = {"authorization": "Bearer other-key-0123456789"}
    answer = client.post(VERIFY, files={"image": published(picture)}, headers=other)
    (one,) = answer.json()["data"]
    assert one["verdict"] == "ai_generated_by_this_server"
    assert one["registry"]["model"] == "a-model"
    assert not {"request_id", "client"} & one["registry"].keys()
    assert client.get(one["registry"]["manifest"], headers=other).status_code == 200


def test_several_pictures_are_answered_in_their_order(
    client: httpx2.Client, picture: Pixels
) -> None:
    plain = scenery(2, 64)
    swapped = saved(picture, "JPEG", quality=90, xmp=said(7))
    files = (saved(plain), published(plain, ident=5), published(picture), swapped)
    answered = send(client, *files, depth="fast").json()["data"]
    assert [one["index"] for one in answered] == [0, 1, 2, 3]
    assert [one["verdict"] for one in answered] == [
        "no_mark_found",
        "claims_ai_generated",
        "ai_generated_by_this_server",
        "conflict",
    ]
    assert {one["layers"]["invisible"]["depth"] for one in answered} == {"fast"}


def test_the_vendors_library_can_send_it(site: Site, picture: Pixels) -> None:
    with openai.OpenAI(api_key=KEY, base_url=f"{site.url}/v1") as sdk:
        answer = sdk.post(
            "/watermark/verify",
            cast_to=object,
            files={"image": ("a.png", published(picture))},
            options={"headers": {"content-type": "multipart/form-data"}},
        )
    assert isinstance(answer, dict)
    assert answer["data"][0]["verdict"] == "ai_generated_by_this_server"


def test_what_means_nothing_is_named(client: httpx2.Client) -> None:
    answer = send(client, saved(scenery(2, 64)), depth="fast", strength="9")
    assert answer.headers["x-seedbed-ignored"] == "strength"


@pytest.mark.parametrize(
    ("files", "fields", "param", "words"),
    [
        ([], {"depth": "fast"}, "image", "Send one picture or several"),
        ([saved(scenery(2, 64))[:-99]], {}, "image", "damaged or cut off"),
        ([saved(scenery(2, 64)), b"%PDF"], {"depth": "fast"}, "image[1]", "unsupported mimetype"),
        ([saved(scenery(2, 64))] * 9, {}, "image", "at most 8"),
        ([b"x"], {"depth": "bottomless"}, "depth", "'fast', 'deep' or 'exhaustive'"),
        ([], {"image": "a text"}, "image", "expected a file"),
    ],
)
def test_what_is_wrong_is_named(
    client: httpx2.Client, files: list[bytes], fields: dict[str, str], param: str, words: str
) -> None:
    padding = {"files": {"nothing": b""}} if not files else {}
    parts = [("image", ("a.png", data)) for data in files]
    answer = client.post(VERIFY, data=fields, **padding or {"files": parts})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert words in error["message"]


def test_json_is_no_form(client: httpx2.Client) -> None:
    answer = client.post(VERIFY, json={"image": "https://example.com/a.png"})
    assert answer.status_code == 400
    assert "multipart/form-data" in answer.json()["error"]["message"]


def test_both_paths_need_a_key(site: Site) -> None:
    with httpx2.Client(base_url=site.url) as stranger:
        assert stranger.post(VERIFY, files={"image": b"x"}).status_code == 401
        assert stranger.get(f"/v1/watermark/manifests/{MARK_ID}").status_code == 401


@pytest.mark.parametrize("said_id", [f"{IDENT ^ 1:016x}", MARK_ID.upper(), "1", "x" * 16])
def test_an_unknown_manifest_is_not_found(client: httpx2.Client, said_id: str) -> None:
    answer = client.get(f"/v1/watermark/manifests/{said_id}")
    assert answer.status_code == 404
    assert answer.json()["error"]["param"] == "mark_id"
