"""Builds the bilingual tokenizer: one token per word and per Chinese character of the captions.

A byte-level BPE in the form `CLIPTokenizer` reads, so any other text is still spelled out in bytes.
"""

import json
from collections.abc import Iterable

from tokenizers import Tokenizer, models, trainers
from torch import Tensor
from transformers import CLIPTokenizer

MAX_TOKENS = 64
_END_OF_WORD = "</w>"
_ENGLISH_ENTRIES = 1500
_FIRST_CJK = "\u2e80"


def build_tokenizer(captions: Iterable[str]) -> CLIPTokenizer:
    """Learn the merges from captions."""
    texts = list(captions)
    characters = sorted({c for text in texts for c in text if c >= _FIRST_CJK})
    english = [text for text in texts if not any(c >= _FIRST_CJK for c in text)]
    merges = _english_merges(english)
    for character in characters:
        merges += [merge for merge in _character_merges(character) if merge not in merges]
    alphabet = list(_byte_letters().values())
    entries = dict.fromkeys(
        [
            *alphabet,
            *(letter + _END_OF_WORD for letter in alphabet),
            *(left + right for left, right in merges),
            "<|startoftext|>",
            "<|endoftext|>",
        ]
    )
    vocabulary = {token: index for index, token in enumerate(entries)}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=MAX_TOKENS)


def token_ids(tokenizer: CLIPTokenizer, texts: list[str]) -> Tensor:
    """Token ids [texts, MAX_TOKENS], cut and padded."""
    ids: Tensor = tokenizer(
        texts,
        padding="max_length",
        max_length=MAX_TOKENS,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    return ids


def _english_merges(texts: list[str]) -> list[tuple[str, str]]:
    reference = CLIPTokenizer().backend_tokenizer
    learner = Tokenizer(models.BPE(end_of_word_suffix=_END_OF_WORD))
    learner.normalizer = reference.normalizer
    learner.pre_tokenizer = reference.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=_ENGLISH_ENTRIES, end_of_word_suffix=_END_OF_WORD, show_progress=False
    )
    learner.train_from_iterator(texts, trainer)
    learned = json.loads(learner.to_str())["model"]["merges"]
    return [(left, right) for left, right in learned]


def _character_merges(character: str) -> list[tuple[str, str]]:
    """Merge the bytes of one character, in the middle of a word and at its end."""
    letters = _byte_letters()
    first, *middle, last = (letters[byte] for byte in character.encode())
    merges = []
    for letter in middle:
        merges.append((first, letter))
        first += letter
    return [*merges, (first, last), (first, last + _END_OF_WORD)]


def _byte_letters() -> dict[int, str]:
    """The printable stand-in of every byte, as byte-level BPE has it."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable}
    return letters | {byte: chr(256 + n) for n, byte in enumerate(others)}
