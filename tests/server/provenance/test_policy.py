"""Whether a picture is labelled, and how long its row is kept."""

import pytest

from server.errors import Forbidden
from server.provenance.policy import LabelPolicy, conforms

DAY_S = 24 * 3600


@pytest.mark.parametrize(
    ("policy", "said", "usual", "labelled"),
    [
        (LabelPolicy(), None, False, False),
        (LabelPolicy(), None, True, True),
        (LabelPolicy(), False, True, False),
        (LabelPolicy("log"), None, False, False),
        (LabelPolicy("log"), False, True, False),
        (LabelPolicy("forbid"), None, False, True),
        (LabelPolicy("forbid"), True, False, True),
        (LabelPolicy(compliance="cn"), None, False, True),
        (LabelPolicy(compliance="cn"), False, True, False),
    ],
)
def test_a_picture_is_labelled_as_the_call_the_model_and_the_site_say(
    policy: LabelPolicy, said: bool | None, usual: bool, labelled: bool
) -> None:
    assert policy.is_labelled(said, usual) is labelled


@pytest.mark.parametrize("compliance", ["none", "cn"])
def test_where_labels_may_not_be_declined_that_is_refused_by_name(compliance: str) -> None:
    with pytest.raises(Forbidden) as caught:
        LabelPolicy("forbid", compliance).is_labelled(False, True)  # type: ignore[arg-type]
    assert caught.value.param == "watermark"


@pytest.mark.parametrize(
    ("days", "labelled", "kept"), [(30, True, 30), (30, False, 183), (400, False, 400)]
)
def test_rows_without_a_label_are_kept_half_a_year_at_least(
    days: int, labelled: bool, kept: int
) -> None:
    assert LabelPolicy(days=days).keep_s(labelled) == kept * DAY_S


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("AI生成", True),
        ("人工智能合成", True),
        ("本图由AI生成", True),
        ("AI generated", False),
        ("生成", False),
        ("Made by our robot", False),
    ],
)
def test_a_chinese_label_says_machine_and_made(text: str, right: bool) -> None:
    assert conforms(text) is right
