"""The tokenizer and the text encoder that learns what captions say."""

import pytest
import torch
from transformers import CLIPTokenizer

from pipelines.embedded.captions import captioned
from pipelines.embedded.text_encoder import (
    WIDTH,
    Reader,
    accuracy,
    read_captions,
    token_ids,
    train_reader,
)
from pipelines.embedded.tokenizer import MAX_TOKENS, build_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return build_tokenizer(captioned(seed)[1].text for seed in range(1500))


def test_common_words_and_chinese_characters_are_one_token_each(tokenizer: CLIPTokenizer) -> None:
    assert len(tokenizer.tokenize("a cute orange cat")) == 4
    assert len(tokenizer.tokenize("一只橙色的猫")) == 6


@pytest.mark.parametrize("text", ["a red circle", "一只橙色的猫", "zebra 犬 Ünïcode 🙂"])
def test_any_text_survives_the_round_trip(tokenizer: CLIPTokenizer, text: str) -> None:
    ids = tokenizer(text).input_ids
    decoded = tokenizer.decode(ids, skip_special_tokens=True)
    assert decoded.replace(" ", "") == text.lower().replace(" ", "")


def test_a_long_prompt_is_cut_and_a_short_one_padded(tokenizer: CLIPTokenizer) -> None:
    assert token_ids(tokenizer, ["red " * 200, "cat"]).shape == (2, MAX_TOKENS)


def test_the_reader_learns_to_name_what_captions_say(tokenizer: CLIPTokenizer) -> None:
    torch.manual_seed(0)
    reader = Reader(tokenizer)
    losses = [loss for _, loss in train_reader(reader, tokenizer, 50_000, steps=8)]
    assert losses[-1] < 0.9 * losses[0]
    captions = [captioned(seed)[1] for seed in range(40)]
    shares = accuracy(reader, tokenizer, captions)
    assert shares["all"] <= min(shares["subject"], shares["colour"])
    states = reader(read_captions(tokenizer, captions).ids)
    assert states.shape == (40, MAX_TOKENS, WIDTH)
