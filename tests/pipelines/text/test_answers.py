"""Which answers of a language model are drawn, and which are not."""

import pytest

from pipelines.text.answers import Unusable, usable


@pytest.mark.parametrize(
    ("said", "written", "drawn"),
    [
        ("a cat", "A cat on a sunlit wall.", "A cat on a sunlit wall."),
        ("a cat", '"A cat on a sunlit wall."', "A cat on a sunlit wall."),
        ("a cat", "Here is the prompt:\n\nA cat\n on a  wall", "A cat on a wall"),
        ("a cat", "<think>\nhm\n</think>\n\nA cat on a wall", "A cat on a wall"),
        ("a cat", "<prompt>A cat\u200b on a wall</prompt>", "A cat on a wall"),
        ("一只猫", "一只橘猫坐在窗台上，阳光柔和", "一只橘猫坐在窗台上，阳光柔和"),
        ("猫のいる庭", "猫がいる静かな庭、朝の光", "猫がいる静かな庭、朝の光"),
        ("кот на крыше", "Рыжий кот на черепичной крыше", "Рыжий кот на черепичной крыше"),
        ('a sign "OPEN"', 'A wooden sign that says "OPEN"', 'A wooden sign that says "OPEN"'),
        ("写着“春”的灯笼", "红色灯笼，上面写着“春”", "红色灯笼，上面写着“春”"),
        ('"a cat"', "A cat on a wall", "A cat on a wall"),
        ("Sorry seems to be the hardest word, a poster", "Sorry, a poster", "Sorry, a poster"),
        ("...", "A quiet lake", "A quiet lake"),
    ],
)
def test_what_is_about_the_same_is_drawn_in_one_line(said: str, written: str, drawn: str) -> None:
    assert usable(said, written) == drawn


@pytest.mark.parametrize(
    ("said", "written", "why"),
    [
        ("a cat", "", "empty"),
        ("a cat", " \n** ", "empty"),
        ("a cat", "<think>a cat, hm</think>", "empty"),
        ("a cat", "a cat " * 400, "too-long"),
        ("a cat", "I'm sorry, but I cannot draw a cat.", "refused"),
        ("一只猫", "抱歉，我无法画一只猫。", "refused"),
        ("a cat", "一只橘猫坐在窗台上", "other-language"),
        ("一只猫", "A cat on a wall", "other-language"),
        ("кот", "A cat on a wall", "other-language"),
        ('a sign "OPEN"', "A sign that says CLOSED", "quotation-lost"),
        ("写着“春节快乐”的灯笼", "写着“春节”的灯笼", "quotation-lost"),
        ("a cat", "Ocean waves under heavy clouds", "unrelated"),
        ("一只橘猫", "大海上的乌云", "unrelated"),
    ],
)
def test_what_is_not_the_callers_picture_any_more_is_not_drawn(
    said: str, written: str, why: str
) -> None:
    with pytest.raises(Unusable, match=f"^{why}$"):
        usable(said, written)
