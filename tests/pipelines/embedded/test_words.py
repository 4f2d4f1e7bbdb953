"""The tokenizer and the text encoder that learns what captions say."""

from itertools import islice
from pathlib import Path

import pytest
import torch
from transformers import CLIPTokenizer

from pipelines.embedded.captions import captioned
from pipelines.embedded.text_encoder import WIDTH, Reader, accuracy
from pipelines.embedded.text_training import TextTraining, text_batch, text_batches
from pipelines.embedded.tokenizer import MAX_TOKENS, build_tokenizer, token_ids

CPU = torch.device("cpu")


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


def test_a_batch_depends_on_its_number_alone(tokenizer: CLIPTokenizer) -> None:
    later = list(islice(text_batches(tokenizer, 3, 50_000), 2))
    for number, batch in zip((3, 4), later, strict=True):
        again = text_batch(tokenizer, number, 50_000)
        assert torch.equal(batch.ids, again.ids)
        assert torch.equal(batch.places, again.places)
    assert later[0].said.shape == later[1].said.shape
    rows = {tuple(row.tolist()) for batch in later for row in batch.said}
    assert len(rows) > len(later[0].said) + 32, "a batch repeats the one before"


def test_every_caption_fits(tokenizer: CLIPTokenizer) -> None:
    texts = [captioned(seed)[1].text for seed in range(90_000, 92_000)]
    assert 24 < max(map(len, tokenizer(texts).input_ids)) <= MAX_TOKENS


def test_the_places_that_must_tell_are_the_end_and_one_behind_it(tokenizer: CLIPTokenizer) -> None:
    batch = text_batch(tokenizer, 0, 50_000)
    ends, behind = batch.places
    rows = torch.arange(len(ends))
    assert (batch.ids[rows, ends] == tokenizer.eos_token_id).all()
    assert (batch.ids[rows, ends - 1] != tokenizer.eos_token_id).all()
    assert (behind >= ends).all()
    assert (behind > ends).any()


def test_the_reader_learns_to_name_what_captions_say(
    tokenizer: CLIPTokenizer, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    training = TextTraining(Reader(tokenizer), CPU)
    batches = [text_batch(tokenizer, number, 50_000) for number in range(9)]
    losses = [training.train_step(batch, 0.0).item() for batch in batches[:8]]
    assert losses[-1] < 0.95 * losses[0]
    training.save(tmp_path / "reader.pt")
    again = TextTraining(Reader(tokenizer), CPU)
    again.load(tmp_path / "reader.pt")
    following = [one.train_step(batches[8], 0.0).item() for one in (training, again)]
    assert following[0] == following[1]

    captions = [captioned(seed)[1] for seed in range(40)]
    shares = accuracy(training.reader, tokenizer, captions)
    assert shares["all"] <= min(shares["subject"], shares["colour"])
    states = training.reader(token_ids(tokenizer, [caption.text for caption in captions]))
    assert states.shape == (40, MAX_TOKENS, WIDTH)
