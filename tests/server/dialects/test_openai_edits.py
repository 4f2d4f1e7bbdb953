"""Edits and variations beyond the named cases: every spelling of a form, and what is refused."""

import io
from typing import Any

import httpx2
import numpy as np
import pytest
from openai import APIError, OpenAI
from PIL import Image
from pydantic import ValidationError

from server.dialects.a1111.body import ImageBody
from server.dialects.openai.edits import OpenAIEditsBody
from server.http.body import Body
from tests.server.conformance.calls import (
    EDITS,
    VARIATIONS,
    data_url,
    encoded,
    ignored,
    png,
)
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer
from tests.server.pictures import opened, pixels
from tests.server.shapes import openai_error, openai_invalid

ONE, OTHER = png(), png(colour=(10, 10, 200))
SMALL = {"model": "seedbed", "prompt": "at night", "size": "128x128"}


@pytest.fixture(scope="module")
def sdk(site: Site) -> OpenAI:
    return OpenAI(base_url=f"{site.url}/v1", api_key=KEY, max_retries=0)


def half_open_mask(side: int = 64) -> bytes:
    """Transparent in its left half."""
    mask = np.full((side, side, 4), 255, np.uint8)
    mask[:, : side // 2, 3] = 0
    return encoded(Image.fromarray(mask), "PNG")


def noise(side: int = 64) -> Image.Image:
    rng = np.random.default_rng(1)
    return Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8))


def edit(client: httpx2.Client, files: Any = None, **said: Any) -> httpx2.Response:
    parts = [("image", ONE)] if files is None else files
    return client.post(EDITS, data=SMALL | said, files=parts)


@pytest.mark.parametrize(
    "image",
    [ONE, ("a.png", ONE), ("a.png", ONE, "image/png"), io.BytesIO(ONE), [ONE, OTHER]],
    ids=["bytes", "tuple", "typed", "file", "list"],
)
def test_the_package_takes_a_picture_in_every_form(sdk: OpenAI, image: Any) -> None:
    answer = sdk.images.edit(
        model="seedbed",
        image=image,
        prompt="at night",
        response_format="b64_json",
        extra_body={"size": "128x128"},
    )
    assert answer.data is not None
    assert opened(answer.data[0].b64_json or "").size == (128, 128)


def test_a_mask_of_the_package_keeps_every_other_pixel(client: httpx2.Client) -> None:
    picture = noise()
    files = [("image", encoded(picture, "PNG")), ("mask", half_open_mask())]
    answer = edit(client, files, size="512x512", response_format="b64_json")
    difference = np.abs(
        pixels(answer.json()["data"][0]["b64_json"]).astype(int)
        - np.asarray(picture.resize((512, 512), Image.Resampling.LANCZOS), dtype=int)
    )
    assert difference[:, 264:].max() == 0
    assert difference[:, :240].mean() > 20


def test_a_picture_s_own_alpha_is_the_mask_of_dall_e_2(client: httpx2.Client) -> None:
    picture = noise()
    picture.putalpha(Image.open(io.BytesIO(half_open_mask())).getchannel("A"))
    answer = edit(
        client,
        [("image", encoded(picture, "PNG"))],
        model="dall-e-2",
        size="256x256",
        response_format="b64_json",
    )
    drawn = pixels(answer.json()["data"][0]["b64_json"]).astype(int)
    sent = picture.convert("RGB").resize((256, 256), Image.Resampling.LANCZOS)
    difference = np.abs(drawn - np.asarray(sent, dtype=int))
    assert difference[:, 144:].max() == 0
    assert difference[:, :112].mean() > 20


def test_the_alpha_of_other_models_pictures_is_no_mask(
    client: httpx2.Client, drawer: Drawer
) -> None:
    picture = noise()
    picture.putalpha(Image.open(io.BytesIO(half_open_mask())).getchannel("A"))
    edit(client, [("image", encoded(picture, "PNG"))], prompt="alpha is no mask")
    request = next(one for one in drawer.drawn if one.prompt == "alpha is no mask")
    assert request.mask is None


@pytest.mark.parametrize("truth", ["True", "true", "1"])
def test_true_may_be_spelled_as_forms_do(client: httpx2.Client, truth: str) -> None:
    answer = edit(client, n="2", watermark=truth, seed="7")
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-seedbed-seed"] == "7, 8"


def test_an_empty_text_says_nothing(client: httpx2.Client) -> None:
    answer = edit(client, n="", seed="", quality="", watermark="", output_format="")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("n", "two", "invalid_type"),
        ("n", "1.5", "invalid_type"),
        ("n", "11", "integer_above_max_value"),
        ("n", "9" * 40, "invalid_type"),
        ("watermark", "maybe", "invalid_type"),
        ("guidance_scale", "nan", "invalid_type"),
        ("guidance_scale", "99", "decimal_above_max_value"),
        ("input_fidelity", "middling", "invalid_value"),
    ],
)
def test_a_wrong_text_is_named(client: httpx2.Client, name: str, value: str, code: str) -> None:
    openai_invalid(edit(client, **{name: value}), name, code)


@pytest.mark.parametrize(
    "names", [["image", "image"], ["image[]", "image[]"], ["image[0]", "image[1]"]]
)
def test_pictures_are_found_under_every_spelling(client: httpx2.Client, names: list[str]) -> None:
    answer = edit(client, [(name, ONE) for name in names])
    assert answer.status_code == 200, answer.text
    assert ignored(answer) == {"image[1]"}, "the embedded model begins from one"


def test_a_picture_may_be_an_address_in_a_form(client: httpx2.Client) -> None:
    answer = client.post(EDITS, data=SMALL | {"image": data_url(ONE)}, files=[("foo", b"")])
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({}, "image"),
        ({"images": []}, "image"),
        ({"images": [{}]}, "images[0].image_url"),
        ({"images": [{"file_id": "file-1"}]}, "images[0].file_id"),
        ({"images": [{"image_url": "data:image/png;base64,***"}]}, "images[0].image_url"),
        ({"images": [{"image_url": "http://127.0.0.1/a.png"}]}, "images[0].image_url"),
        ({"images": [{"image_url": " "}]}, "images[0].image_url"),
        ({"images": [{"image_url": 5}]}, "images[0].image_url"),
        ({"images": ["data:"]}, "images[0]"),
        ({"images": [{"image_url": data_url(ONE)}] * 17}, "image"),
        ({"image": 5}, "image"),
        ({"image": data_url(ONE), "images": [{"image_url": data_url(ONE)}]}, "images"),
        ({"image": data_url(ONE), "mask": [data_url(ONE)] * 2}, "mask"),
        ({"image": data_url(ONE), "mask": {"file_id": "file-1"}}, "mask.file_id"),
        ({"image": data_url(ONE), "mask": {"image_url": data_url(ONE)}}, "mask"),
        ({"image": data_url(ONE), "model": "dall-e-3"}, "model"),
        ({"image": data_url(ONE), "prompt": None}, "prompt"),
    ],
)
def test_a_wrong_json_edit_names_what_is_wrong(
    client: httpx2.Client, members: dict[str, Any], param: str
) -> None:
    error = openai_error(client.post(EDITS, json=SMALL | members), 400)
    assert error["param"] == param


def test_json_may_hold_a_mask(client: httpx2.Client) -> None:
    mask = {"image_url": data_url(half_open_mask())}
    body = SMALL | {"images": [{"image_url": data_url(ONE)}], "mask": mask}
    assert client.post(EDITS, json=body).status_code == 200


def test_markup_alone_is_disclosed(client: httpx2.Client) -> None:
    answer = edit(client, [("image", ONE), ("markup", half_open_mask())])
    assert "markup" in ignored(answer)


def test_gpt_image_takes_sixteen_pictures_and_no_more(client: httpx2.Client) -> None:
    small = [("image[]", png(16, 16))]
    assert edit(client, small * 16).status_code == 200
    error = openai_error(edit(client, small * 17, model="gpt-image-1", size="auto"), 400)
    assert error["param"] == "image"
    assert "17 reference images are too many: gpt-image-1 takes at most 16" in error["message"]


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (png(64, 32), "must be square"),
        (encoded(Image.new("RGB", (64, 64)), "JPEG"), "unsupported mimetype ('image/jpeg')"),
        (ONE + bytes(4 * 1024 * 1024), "at most 4194304 bytes"),
    ],
    ids=["oblong", "jpeg", "large"],
)
def test_dall_e_2_edits_a_small_square_png(
    client: httpx2.Client, picture: bytes, fault: str
) -> None:
    error = openai_error(edit(client, [("image", picture)], model="dall-e-2", size="256x256"), 400)
    assert error["param"] == "image"
    assert fault in error["message"]


def test_how_close_to_stay_reaches_who_draws(client: httpx2.Client, drawer: Drawer) -> None:
    edit(client, prompt="closely, please", input_fidelity="high")
    request = next(one for one in drawer.drawn if one.prompt == "closely, please")
    assert request.fidelity == "high"
    assert request.references[0].size == request.size
    mini = edit(client, model="gpt-image-1-mini", size="1024x1024", input_fidelity="high")
    openai_invalid(mini, "input_fidelity", "invalid_value")
    later = edit(client, model="gpt-image-2", size="1024x1024", input_fidelity="high")
    assert "input_fidelity" in ignored(later)


@pytest.mark.parametrize(
    ("said", "files", "param"),
    [
        ({}, [("other", ONE)], "image"),
        ({}, [("image", png(64, 32))], "image"),
        ({"model": "gpt-image-1"}, [("image", ONE)], "model"),
        ({"model": "dall-e-3"}, [("image", ONE)], "model"),
        ({"size": "1792x1024"}, [("image", ONE)], "size"),
        ({}, [("image", ONE), ("image", ONE)], "image"),
    ],
)
def test_variations_are_of_one_square_picture(
    client: httpx2.Client, said: Any, files: Any, param: str
) -> None:
    error = openai_error(client.post(VARIATIONS, data=said, files=files), 400)
    assert error["param"] == param


def test_a_prompt_for_a_variation_is_disclosed(client: httpx2.Client) -> None:
    said = {"prompt": "a cat", "size": "256x256"}
    answer = client.post(VARIATIONS, data=said, files=[("image", ONE)])
    assert answer.status_code == 200, answer.text
    assert "prompt" in ignored(answer)


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=x; charset=nonsense"])
def test_a_form_that_cannot_be_read_is_refused(client: httpx2.Client, boundary: str) -> None:
    headers = {"content-type": f"multipart/form-data{boundary}"}
    error = openai_error(client.post(EDITS, content=b"--z\r\n", headers=headers), 400)
    assert error["message"].startswith("We could not read the form of your request.")


@pytest.mark.parametrize("charset", ["punycode", '"PunyCode"', "idna", "utf-16", "unicode_escape"])
def test_a_form_is_read_as_utf_8_and_as_nothing_else(client: httpx2.Client, charset: str) -> None:
    """Python knows codecs that take half an hour for a megabyte."""
    part = b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na-b\r\n--b--\r\n'
    headers = {"content-type": f"multipart/form-data; boundary=b; charset={charset}"}
    answer = client.post(EDITS, content=part, headers=headers)
    assert "must be UTF-8" in openai_error(answer, 400)["message"]
    headers = {"content-type": 'multipart/form-data; boundary=b; charset="UTF-8"'}
    answer = client.post(EDITS, content=part, headers=headers)
    openai_invalid(answer, "image", "missing_required_parameter")


def test_a_form_that_breaks_off_is_refused(client: httpx2.Client) -> None:
    """It would leave a file open, were it taken for whole."""
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = client.post(EDITS, content=head + ONE, headers=headers)
    assert "breaks off" in openai_error(answer, 400)["message"]


def test_a_form_may_hold_so_much(client: httpx2.Client) -> None:
    files = [("image", ONE)] * 25
    assert "Too many files" in openai_error(edit(client, files), 400)["message"]
    texts = {f"name{number}": "x" for number in range(70)}
    assert "Too many fields" in openai_error(edit(client, **texts), 400)["message"]
    assert "maximum size" in openai_error(edit(client, prompt="x" * 1_100_000), 400)["message"]


def test_a_form_beyond_the_limit_is_refused(drawer: Drawer, tmp_path: Any) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    with (
        serving(drawer, tmp_path, max_form_bytes=100_000) as site,
        httpx2.Client(base_url=site.url, headers=headers) as client,
    ):
        assert edit(client).status_code == 200
        openai_error(edit(client, [("image", ONE + bytes(100_000))]), 413)


def test_a_name_said_twice_is_refused(client: httpx2.Client) -> None:
    data = {"prompt": ["one", "two"], "model": "seedbed"}
    answer = client.post(EDITS, data=data, files=[("image", ONE)])
    assert "'prompt' is said twice" in openai_error(answer, 400)["message"]


def test_a_text_with_nul_is_refused(client: httpx2.Client) -> None:
    said = openai_error(edit(client, prompt="a\0b"), 400)["message"]
    assert said == "We could not read the form of your request. A text holds the character NUL."


def test_the_package_raises_its_own_errors(sdk: OpenAI) -> None:
    with pytest.raises(APIError, match="unsupported mimetype"):
        sdk.images.edit(model="gpt-image-1", image=b"just words", prompt="x")


def test_an_unknown_part_is_disclosed(client: httpx2.Client) -> None:
    answer = edit(client, [("image", ONE), ("extra", ("a.bin", b"bytes"))], foo="1")
    assert {"foo", "extra"} <= ignored(answer)


def test_an_unknown_name_beside_an_address_is_disclosed(client: httpx2.Client) -> None:
    images = [{"image_url": data_url(ONE), "detail": "high"}]
    assert "images[0].detail" in ignored(client.post(EDITS, json=SMALL | {"images": images}))


@pytest.mark.parametrize(
    ("body", "name"), [(OpenAIEditsBody, "images"), (ImageBody, "init_images")]
)
def test_of_many_wrong_pictures_only_the_first_is_looked_at(body: type[Body], name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        body.model_validate({name: [1, 2, 3]})
    assert caught.value.error_count() == 1


def test_edits_need_a_key(stranger: httpx2.Client) -> None:
    answer = stranger.post(EDITS, data=SMALL, files=[("image", ONE)])
    assert openai_error(answer, 401)["type"] == "authentication_error"
