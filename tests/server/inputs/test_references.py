"""Pictures of a call, from what callers point at to what models draw from."""

import asyncio
import base64
import http.client
import io
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image
from volcenginesdkarkruntime import Ark

from pipelines.catalog import EMBEDDED, Catalog, always_by, embedded_catalog
from pipelines.errors import InvalidImage, MissingParameter, RequestError, UnsupportedValue
from pipelines.families import FAMILIES, family
from pipelines.types import Size
from server.draft import Customs, Draft, Reference
from server.errors import BadImageAddress, ImageTooLarge, NoImageAddress
from server.inputs.fetching import Fetcher
from server.inputs.hosts import Hosts
from server.inputs.network_guard import NetworkGuard
from server.inputs.references import References
from server.plan import Plan, make_plan
from server.store.files import FileStore
from tests.server.conformance.calls import ARK, EDIT_3, M4, data_url, encoded, png, size_of
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer
from tests.server.shapes import ark_error, ark_invalid

OPENAI = Customs(output_format="png")
ONE = png()


@pytest.fixture
def references(tmp_path: Path) -> Iterator[References]:
    references = References(Fetcher(NetworkGuard()), FileStore(tmp_path))
    yield references
    references.close()


def drafted(*sources: Any, **said: Any) -> Draft:
    pictures = tuple(Reference(source, f"image[{index}]") for index, source in enumerate(sources))
    return Draft(**({"model": "seedbed", "prompt": "a cat", "references": pictures} | said))


def resolved(references: References, *sources: Any, **said: Any) -> Draft:
    return asyncio.run(references.resolve(drafted(*sources, **said), OPENAI, embedded_catalog()))


def drawn_by(name: str) -> Catalog:
    return Catalog(always_by(replace(EMBEDDED, family=name)))


def alpha_mask(size: tuple[int, int] = (64, 64), hole: bool = True) -> Reference:
    mask = np.full((size[1], size[0], 4), 255, np.uint8)
    if hole:
        mask[: size[1] // 2, :, 3] = 0
    return Reference(encoded(Image.fromarray(mask), "PNG"), "mask")


@pytest.mark.parametrize(
    "source",
    [
        ONE,
        io.BytesIO(ONE),
        data_url(ONE),
        "DATA:image/jpeg;base64," + base64.b64encode(ONE).decode(),
        "data:;base64," + base64.urlsafe_b64encode(ONE).decode().rstrip("="),
    ],
    ids=["bytes", "file", "data", "wrong type", "url-safe"],
)
def test_a_picture_is_read_from_wherever_it_is(references: References, source: Any) -> None:
    inputs = resolved(references, source).inputs
    assert inputs is not None
    assert inputs.sizes == (Size(64, 64),)
    (picture,) = inputs.references
    assert picture.pixels.mean(axis=(0, 1)) == pytest.approx([200, 40, 40], abs=2)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("", NoImageAddress),
        ("  ", NoImageAddress),
        ("data:image/png,abc", BadImageAddress),
        ("data:image/png;base64", BadImageAddress),
        ("data:image/png;base64,a*b=", BadImageAddress),
        ("data:image/png;base64,", InvalidImage),
        ("data:image/png;base64," + "A" * 70_000_000, ImageTooLarge),
        (base64.b64encode(ONE).decode(), BadImageAddress),
        ("C:\\a.png", BadImageAddress),
        ("/etc/passwd", BadImageAddress),
    ],
)
def test_what_is_no_address_is_refused(
    references: References, source: str, fault: type[RequestError]
) -> None:
    with pytest.raises(fault) as caught:
        resolved(references, ONE, source)
    assert caught.value.param == "image[1]"


def test_a_draft_without_pictures_comes_back_as_it_was(references: References) -> None:
    draft = drafted()
    assert resolved(references) == draft


def test_a_draft_is_seen_to_once(references: References) -> None:
    draft = resolved(references, ONE)
    again = asyncio.run(references.resolve(draft, OPENAI, embedded_catalog()))
    assert again is draft


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({"model": "no-such-model"}, "model"),
        ({"prompt": None}, "prompt"),
        ({"model": "dall-e-3"}, "image"),
        ({"n": 11}, "n"),
        ({"quality": "odd"}, "quality"),
    ],
)
def test_what_is_wrong_without_the_pictures_is_told_before_any_is_fetched(
    references: References, said: dict[str, Any], param: str
) -> None:
    with pytest.raises(RequestError) as caught:
        resolved(references, "http://127.0.0.1/would-be-refused", **said)
    assert caught.value.param == param


def test_of_several_faults_the_first_picture_s_is_told(references: References) -> None:
    with pytest.raises(InvalidImage) as caught:
        resolved(references, ONE, b"words", b"", b"words")
    assert caught.value.param == "image[1]"


def test_pictures_are_as_large_as_the_model_draws(references: References) -> None:
    inputs = resolved(references, png(300, 200), size="600x400").inputs
    assert inputs is not None
    assert [picture.size for picture in inputs.references] == [Size(320, 208)]
    assert inputs.sizes == (Size(300, 200),)


def test_what_is_cut_off_is_cut_off_evenly(references: References) -> None:
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[:, 100:200] = 255
    inputs = resolved(references, encoded(Image.fromarray(pixels), "PNG"), size="128x128").inputs
    assert inputs is not None
    assert inputs.references[0].pixels[:, 1:-1].min() > 200


def test_a_mask_becomes_what_is_drawn_anew(references: References) -> None:
    inputs = resolved(references, ONE, mask=alpha_mask(), size="256x256").inputs
    assert inputs is not None
    assert inputs.mask is not None
    assert inputs.mask.size == inputs.references[0].size == Size(256, 256)
    assert inputs.mask.channels == 1
    assert inputs.mask.pixels[:120].min() == 255
    assert inputs.mask.pixels[136:].max() == 0
    assert inputs.kept is not None
    assert inputs.kept.original.shape == (256, 256, 3)
    assert inputs.kept.drawn[130:].max() == 0
    assert inputs.kept.drawn[:110].min() == 255


@pytest.mark.parametrize(
    "mask",
    [
        alpha_mask((32, 64)),
        alpha_mask(hole=False),
        Reference(encoded(Image.new("RGB", (64, 64)), "PNG"), "mask"),
        Reference(encoded(Image.new("L", (64, 64)), "JPEG"), "mask"),
        Reference(png(64, 64, (0, 0, 0, 0)) + bytes(5_000_000), "mask"),
    ],
    ids=["size", "opaque", "no alpha", "jpeg", "large"],
)
def test_a_mask_that_does_not_fit_is_refused(references: References, mask: Reference) -> None:
    with pytest.raises(InvalidImage) as caught:
        resolved(references, ONE, mask=mask)
    assert caught.value.param == "mask"


def test_a_mask_without_a_picture_is_refused(references: References) -> None:
    draft = drafted(mask=alpha_mask())
    with pytest.raises(UnsupportedValue) as caught:
        _plan(asyncio.run(references.resolve(draft, OPENAI, embedded_catalog())))
    assert caught.value.param == "mask"


def test_a_large_mask_and_its_picture_stay_alike(references: References) -> None:
    picture = encoded(Image.new("RGB", (4201, 2003), (9, 9, 9)), "PNG")
    inputs = resolved(references, picture, mask=alpha_mask((4201, 2003)), size="512x244").inputs
    assert inputs is not None
    assert inputs.kept is not None
    assert inputs.sizes == (Size(4201, 2003),)
    assert inputs.kept.original.max() < 15


def test_further_pictures_are_disclosed_by_name(references: References) -> None:
    plan = _plan(resolved(references, ONE, ONE, ONE))
    assert plan.facts["ignored"] == "image[1], image[2]"
    assert len(plan.requests[0].references) == 1
    assert plan.inputs == (Size(64, 64),) * 3


def test_a_plan_begins_every_picture_from_the_same_references(references: References) -> None:
    plan = _plan(resolved(references, ONE, n=3, fidelity="high", mask=alpha_mask()))
    first = plan.requests[0]
    assert first.mask is not None
    for request in plan.requests:
        assert request.references is first.references
        assert request.mask is first.mask
        assert request.fidelity == "high"
    assert plan.finish.kept is not None


def test_an_edit_needs_a_picture() -> None:
    with pytest.raises(MissingParameter) as caught:
        _plan(drafted(edits=True, model="gpt-image-1"))
    assert caught.value.param == "image"


def test_a_stand_in_that_sees_no_pictures_refuses_them(references: References) -> None:
    blind = next(name for name in FAMILIES if not family(name).abilities.references)
    catalog = drawn_by(blind)
    with pytest.raises(UnsupportedValue, match="cannot begin from a picture") as caught:
        asyncio.run(references.resolve(drafted(ONE), OPENAI, catalog))
    assert caught.value.param == "image[0]"


def _plan(draft: Draft) -> Plan:
    return make_plan(
        draft,
        OPENAI,
        embedded_catalog(),
        client="tester",
        gpt_image_url=True,
        random_seed=lambda: 77,
    )


@pytest.fixture(scope="module")
def sdk(site: Site) -> Ark:
    return Ark(base_url=f"{site.url}/api/v3", api_key=KEY, max_retries=0)


@pytest.mark.parametrize("image", [data_url(ONE), [data_url(ONE)] * 2], ids=["one", "two"])
def test_the_ark_package_sends_pictures(sdk: Ark, image: Any) -> None:
    answer = sdk.images.generate(model=M4, prompt="at night", image=image, size="1280x720")
    assert size_of(answer.data[0].url) == (1280, 720)
    assert answer.usage.input_images == (1 if isinstance(image, str) else 2)


def test_the_edit_model_of_ark_adapts_its_size(sdk: Ark) -> None:
    answer = sdk.images.generate(model=EDIT_3, prompt="at night", image=data_url(png(100, 300)))
    assert size_of(answer.data[0].url) == (512, 1536)


def test_a_picture_of_ours_is_read_without_the_network(client: httpx2.Client) -> None:
    """The address is on this machine, where nothing would be fetched from."""
    drawn = client.post(ARK, json={"model": M4, "prompt": "a cat", "size": "1280x720"}).json()
    url = drawn["data"][0]["url"]
    body = {"model": M4, "prompt": "the same at night", "size": "1280x720"}
    assert client.post(ARK, json=body | {"image": url}).status_code == 200
    forged = url.replace("/files/", "/files/1")
    ark_invalid(client.post(ARK, json=body | {"image": forged}), "image")


@pytest.mark.parametrize(
    ("image", "native"),
    [
        ("", "InvalidImageURL.EmptyURL"),
        ("words", "InvalidImageURL.InvalidFormat"),
        ("http://169.254.169.254/", "InvalidImageURL.InvalidFormat"),
        (data_url(b"words"), "InvalidParameter.image"),
        ([data_url(ONE), 5], "InvalidParameter.image"),
        (5, "InvalidParameter.image"),
    ],
)
def test_ark_names_its_own_code_for_a_bad_picture(
    client: httpx2.Client, image: Any, native: str
) -> None:
    answer = client.post(ARK, json={"model": M4, "prompt": "a cat", "image": image})
    ark_error(answer, 400)
    assert answer.headers["x-error-code"] == native


@pytest.mark.parametrize("image", [None, []])
def test_no_picture_may_be_said_in_two_ways(client: httpx2.Client, image: Any) -> None:
    body = {"model": M4, "prompt": "a cat", "size": "1280x720", "image": image}
    answer = client.post(ARK, json=body)
    assert answer.status_code == 200
    assert "input_images" not in answer.json()["usage"]


def test_an_oblong_picture_is_too_oblong_for_the_edit_model(client: httpx2.Client) -> None:
    body = {"model": EDIT_3, "prompt": "a cat", "image": data_url(png(200, 50))}
    assert "1:3" in ark_invalid(client.post(ARK, json=body), "image")["message"]


@pytest.mark.parametrize("path", [ARK, "/seedbed/v1/images", "/v1/images/edits"])
def test_who_leaves_stops_what_is_being_fetched_for_them(
    drawer: Drawer, tmp_path: Path, path: str
) -> None:
    guard = NetworkGuard(opened=Hosts.parse("127.0.0.1"))
    with (
        serving(drawer, tmp_path, guard=guard) as site,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        silent.settimeout(10)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/a.png"
        body = json.dumps({"model": M4, "prompt": "a cat", "image": address})
        caller = http.client.HTTPConnection("127.0.0.1", site.port)
        caller.request("POST", path, body, {"authorization": f"Bearer {KEY}"})
        asked, _ = silent.accept()
        with asked:
            asked.settimeout(10)
            assert asked.recv(65536).startswith(b"GET /a.png")
            caller.close()
            assert asked.recv(1) == b"", "the address is still waited for"


def test_uploads_leave_nothing_on_the_disk(
    drawer: Drawer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []

    def close(file: SpooledTemporaryFile[bytes]) -> None:
        closed.append(file)
        real_close(file)

    real_close = SpooledTemporaryFile.close
    monkeypatch.setattr(SpooledTemporaryFile, "close", close)
    with serving(drawer, tmp_path) as site:
        for content in (ONE, b"words"):
            httpx2.post(
                f"{site.url}/v1/images/edits",
                headers={"authorization": f"Bearer {KEY}"},
                data={"model": "seedbed", "prompt": "a cat", "size": "128x128"},
                files={"image": content},
            )
    assert len(closed) == 2


def test_what_a_stand_in_cannot_use_is_disclosed(references: References) -> None:
    """The distilled klein looks at four pictures, and takes neither guidance nor negatives."""
    catalog = drawn_by("flux2_klein")
    draft = drafted(
        *[png(300, 200)] * 5, size="1024x1024", negative_prompt="rain", guidance_scale=4.0
    )
    resolved_draft = asyncio.run(references.resolve(draft, OPENAI, catalog))
    plan = make_plan(
        resolved_draft,
        OPENAI,
        catalog,
        client="tester",
        gpt_image_url=True,
        random_seed=lambda: 77,
    )
    assert plan.facts["ignored"] == "negative_prompt, guidance_scale, image[4]"
    first, *others = plan.requests[0].references
    assert first.size == plan.requests[0].size
    assert len(others) == 3
    for other in others:
        assert other.size.width / other.size.height == pytest.approx(1.5, abs=0.1)
