"""How many pictures a prompt asks for."""

import time

import pytest

from server.contract.groups import group_size


@pytest.mark.parametrize(
    ("prompt", "count"),
    [
        ("a cat", 1),
        ("two cats and three dogs", 1),
        ("a photo of 2 cats", 1),
        ("one picture of three cats", 1),
        ("three pictures of a cat", 3),
        ("Draw FOUR different images of the same fox", 4),
        ("5 high-quality photos", 5),
        ("a set of 6 stickers", 6),
        ("a series of seven coherent illustrations", 7),
        ("a set of 6 cups on a table", 1),
        ("a couple of drawings of a boat", 2),
        ("a 3-picture story", 3),
        ("three picture frames on a wall", 1),
        ("a 4-panel comic", 1),
        ("a collage of nine photos", 1),
        ("one picture made of four photos", 1),
        ("五张照片的拼贴画", 1),
        ("fourteen scenes", 14),
        ("a series of images about spring", 4),
        ("a series of coherent illustrations", 4),
        ("a storyboard of a heist", 4),
        ("一只猫", 1),
        ("三张桌子", 1),
        ("一张桌子上有两个苹果", 1),
        ("生成一组四张图片", 4),
        ("4张连贯的插画", 4),
        ("画４张猫", 4),
        ("两幅水墨画", 2),
        ("十二张生肖图", 12),
        ("第一张是春天，第二张是夏天，第三张是秋天", 3),
        ("一系列关于海的插画", 4),
        ("组图：小熊的一天", 4),
    ],
)
def test_the_number_is_read_from_the_words(prompt: str, count: int) -> None:
    assert group_size(prompt, most=None) == count


def test_no_more_than_the_call_allows() -> None:
    assert group_size("nine pictures", most=3) == 3
    assert group_size("200 pictures", most=None) == 15
    assert group_size("0 pictures", most=None) == 1


def test_a_group_without_a_number_is_as_large_as_the_call_says() -> None:
    assert group_size("a series of images", most=7) == 7
    assert group_size("a cat", most=7) == 1


@pytest.mark.parametrize(("references", "count"), [(0, 15), (1, 14), (14, 1), (16, 1)])
def test_references_and_pictures_are_fifteen_together(references: int, count: int) -> None:
    assert group_size("fifteen pictures", most=15, references=references) == count


@pytest.mark.parametrize("part", ["1-", "1 ", "a", "一", "第一", "set of ", "three pictur", "第1 "])
def test_a_prompt_made_to_be_slow_is_not(part: str) -> None:
    began_s = time.perf_counter()
    group_size(part * (32_000 // len(part)), most=None)
    assert time.perf_counter() - began_s < 1.0
