"""The Ark dialect with reference pictures."""

from typing import Any

import httpx2
import pytest

from tests.server.conformance.calls import ARK, EDIT_3, M4, M5_PRO, data_url, png, size_of
from tests.server.shapes import Post, ark_invalid

ONE = data_url(png())
OTHER = data_url(png(colour=(10, 10, 200)))


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(ARK, json={"prompt": "the same at night"} | members)

    return post


def test_a_g16_two_references_make_one_picture(post: Post) -> None:
    answer = post(model=M4, size="1280x720", image=[ONE, OTHER])
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["data"]
    assert size_of(item["url"]) == (1280, 720)


@pytest.mark.parametrize(("model", "most"), [(M4, 14), (M5_PRO, 10)])
def test_a_b14_more_references_than_the_model_takes_are_refused(
    post: Post, model: str, most: int
) -> None:
    error = ark_invalid(post(model=model, image=[ONE] * (most + 1)), "image")
    assert str(most) in error["message"]
    assert "reference" in error["message"]


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({}, "image"),
        ({"image": [ONE, OTHER]}, "image"),
        ({"image": ONE, "size": "2K"}, "size"),
    ],
    ids=["none", "two", "size"],
)
def test_a_b16_the_edit_model_takes_one_picture_and_no_size(
    post: Post, members: dict[str, Any], param: str
) -> None:
    ark_invalid(post(model=EDIT_3, **members), param)


def test_a_b16_the_edit_model_edits_one_picture(post: Post) -> None:
    answer = post(model=EDIT_3, image=ONE, size="adaptive")
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == 1
