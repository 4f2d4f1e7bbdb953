"""A language model on a device: reads messages, goes on writing. Transformers' own classes do it.

Any causal language model of transformers with a chat template will do. Knows no prompt and no rule.
"""

import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from pipelines.errors import ModelBroken
from pipelines.load import dtype_for
from pipelines.network_folder import check_network

Messages: TypeAlias = Sequence[Mapping[str, str]]
"""What is said to a model: role and content, in order."""

_CHUNK: Mapping[str, int] = {"cpu": 32}
_LARGE_CHUNK = 512
"""Tokens that are read in one forward. On a CPU that takes a while, in which nothing is drawn."""

log = logging.getLogger(__name__)


class TextModel:
    """One language model and its tokenizer."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """Raises: ModelBroken: when it could not be talked with, or would never end."""
        if not tokenizer.chat_template:
            raise ModelBroken(f"{model.name_or_path} has no chat template: it cannot be asked")
        self._model = model
        self._tokenizer = tokenizer
        self._marks = _marks(tokenizer)
        self.ends = _ends(model, tokenizer)
        """Tokens after which nothing follows."""
        if not self.ends:
            raise ModelBroken(f"{model.name_or_path} has no token that ends a text")
        self.context = int(getattr(model.config, "max_position_embeddings", 0)) or 2**15
        """How many tokens it reads and writes at most."""
        self.chunk = _CHUNK.get(self._device.type, _LARGE_CHUNK)
        """How many tokens are read at once; always as many, or sums would round otherwise."""

    @property
    def size_bytes(self) -> int:
        """Of its weights."""
        return sum(w.numel() * w.element_size() for w in self._model.parameters())

    def tokens(self, messages: Messages, *, begin_answer: bool) -> tuple[int, ...]:
        """Messages as the model reads them, thinking switched off where it can be.

        What was said keeps no mark of the template's: nobody can end a message that somebody else
        has begun, nor begin an answer in the model's name.
        """
        plain = [{**message, "content": self._unmarked(message["content"])} for message in messages]
        text = self._tokenizer.apply_chat_template(
            plain, tokenize=False, add_generation_prompt=begin_answer, enable_thinking=False
        )
        read = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return tuple(read)

    def text(self, tokens: Sequence[int]) -> str:
        """What was written, without the template's marks."""
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True)
        return text

    def new_cache(self) -> DynamicCache:
        """A place for what the model remembers of one text."""
        return DynamicCache(config=self._model.config)

    @torch.no_grad()
    def read(self, tokens: Sequence[int], cache: DynamicCache) -> int:
        """Read on, and say which token is the likeliest to follow.

        Raises: FloatingPointError: the model gave no number.
        """
        told = torch.tensor([list(tokens)], device=self._device)
        answer = self._model(told, past_key_values=cache, use_cache=True, logits_to_keep=1)
        logits = answer.logits[0, -1]
        if not bool(torch.isfinite(logits).all()):
            raise FloatingPointError("the language model gave values that are not finite")
        return int(logits.argmax())

    @property
    def _device(self) -> torch.device:
        device: torch.device = next(self._model.parameters()).device
        return device

    def _unmarked(self, text: str) -> str:
        """Without marks; taking one out may put another together, so until none is left."""
        text = unicodedata.normalize("NFC", text)  # as tokenizers do, which could make a mark
        while self._marks is not None and (without := self._marks.sub(" ", text)) != text:
            text = without
        return text


def load_text_model(folder: Path, device: torch.device) -> TextModel:
    """Read a language model from a folder onto a device.

    Raises: ModelBroken: when the folder is incomplete, could run code, or holds something else.
    """
    check_network(folder, "a language model")
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype_for(device),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
    except Exception as error:
        raise ModelBroken(f"{folder} cannot be loaded as a language model: {error}") from error
    try:
        model.to(device)
    except torch.OutOfMemoryError:
        raise ModelBroken(f"{folder}: the language model does not fit {device}") from None
    loaded = TextModel(model.eval(), tokenizer)
    log.info("%s is on %s, %.1f GiB", folder, device, loaded.size_bytes / 2**30)
    return loaded


def _marks(tokenizer: Any) -> re.Pattern[str] | None:
    """The tokens that mean something to a template or a model beside their letters."""
    marks = {*tokenizer.get_added_vocab(), *tokenizer.all_special_tokens}
    words = "|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True) if mark)
    return re.compile(words) if words else None


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    said = model.generation_config.eos_token_id
    known = said if isinstance(said, list) else [said]
    return frozenset(int(end) for end in (*known, tokenizer.eos_token_id) if end is not None)
