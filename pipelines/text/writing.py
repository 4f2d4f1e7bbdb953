"""Texts on their way, in pieces: between two of them others draw, a cancelled one goes no further.

What is written depends on the words alone: the likeliest token is taken each time, and no text
shares a forward with another. So those after the same words are one text, and a finished one is
remembered. Knows neither what the words mean nor what becomes of them.
"""

import copy
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from transformers import DynamicCache

from pipelines.lanes import Lane
from pipelines.merge import Call, unmerged
from pipelines.text.model import Messages, TextModel

Park: TypeAlias = Callable[[Call], Any]
"""Hand a call to the engine and return once somebody has run it."""

PIECE_S = 0.1
"""A piece of work ends with the forward in which so many seconds are over."""
_TEXTS_KEPT = 256
_LEADS_KEPT = 4
"""Each holds some tens of megabytes of the device."""


class TooSlow(Exception):
    """A text took more seconds of the device than it may."""


class Leads:
    """What a model remembers of the beginnings that many texts have in common."""

    def __init__(self) -> None:
        self._read: OrderedDict[Hashable, DynamicCache] = OrderedDict()

    def find(self, lead: tuple[int, ...]) -> DynamicCache | None:
        """A copy of what was remembered."""
        if lead not in self._read:
            return None
        self._read.move_to_end(lead)
        return copy.deepcopy(self._read[lead])

    def keep(self, lead: tuple[int, ...], cache: DynamicCache) -> None:
        """Remember a copy, and forget the one that was not asked for the longest."""
        self._read[lead] = copy.deepcopy(cache)
        while len(self._read) > _LEADS_KEPT:
            self._read.popitem(last=False)


class Writing:
    """One text: what there is to read before it, and what is written so far."""

    def __init__(
        self,
        model: TextModel,
        tokens: tuple[int, ...],
        lead: tuple[int, ...],
        most: int,
        leads: Leads,
        clock: Callable[[], float],
    ) -> None:
        """`lead` is a beginning of `tokens`."""
        self.spent_s = 0.0
        """Seconds of the device."""
        self.ended = False
        """Whether the model ended it by itself."""
        self._model, self._most, self._leads, self._clock = model, most, leads, clock
        known = leads.find(lead) if lead else None
        first = () if known is not None else tuple(_cut(lead, model.chunk))
        self._lead, self._lead_left = lead, len(first)
        self._unread = deque([*first, *_cut(tokens[len(lead) :], model.chunk)])
        self._written: list[int] = []
        self._cache: DynamicCache | None = known or model.new_cache()
        """None when the text is complete, and after a failure."""

    @property
    def done(self) -> bool:
        return self.ended or len(self._written) >= self._most

    @property
    def text(self) -> str:
        return self._model.text(self._written)

    def go_on(self) -> None:
        """Read or write for the length of a piece. Raises: whatever the model raises."""
        if self.done:
            return  # somebody who waits for the same text has finished it
        if self._cache is None:
            raise RuntimeError("the model failed on this text before")
        cache, self._cache = self._cache, None
        began_s = self._clock()
        while not self.done:
            self._forward(cache)
            if self._clock() - began_s >= PIECE_S:
                break
        self.spent_s += self._clock() - began_s
        self._cache = None if self.done else cache

    def _forward(self, cache: DynamicCache) -> None:
        following = self._model.read(self._unread.popleft(), cache)
        if self._lead_left:
            self._lead_left -= 1
            if not self._lead_left:
                self._leads.keep(self._lead, cache)
        if self._unread:
            return
        self.ended = following in self._model.ends
        if not self.ended:
            self._written.append(following)
            self._unread.append((following,))


class Writer:
    """All texts of one model."""

    def __init__(self, model: TextModel, clock: Callable[[], float] = time.monotonic) -> None:
        self.model = model
        self.typical_s = 0.0
        """What texts took of late."""
        self._clock = clock
        self._leads = Leads()
        self._under_way: WeakValueDictionary[Hashable, Writing] = WeakValueDictionary()
        """Kept by those who wait for them: what nobody waits for is forgotten with its memory."""
        self._finished: OrderedDict[Hashable, Writing] = OrderedDict()

    def lead(self, ask: Callable[[str], Messages], *, begin_answer: bool) -> tuple[int, ...]:
        """The tokens with which everything begins that is asked this way."""
        some = [self.model.tokens(ask(said), begin_answer=begin_answer) for said in ("", "a", "0")]
        alike = 0
        while all(len(one) > alike and one[alike] == some[0][alike] for one in some):
            alike += 1
        return tuple(some[0][:alike])

    def write(
        self,
        tokens: tuple[int, ...],
        most: int,
        park: Park,
        lead: tuple[int, ...] = (),
        limit_s: float | None = None,
    ) -> Writing:
        """Have a text of at most so many tokens written after these.

        Raises: TooSlow: beyond `limit_s` of the device. Whatever the model raises.
        """
        key = (most, *tokens)
        writing = self._finished.get(key) or self._under_way.get(key)
        if writing is None:
            writing = self._under_way[key] = self._begin(tokens, lead, most)
        while not writing.done:
            if limit_s is not None and writing.spent_s >= limit_s:
                raise TooSlow(f"{writing.spent_s:.1f} s are over, and the text is not complete")
            try:
                park(unmerged(Lane.WRITE, writing.go_on, (), {}))
            except Exception:
                self._under_way.pop(key, None)
                raise
        self._keep(key, writing)
        return writing

    def _begin(self, tokens: tuple[int, ...], lead: tuple[int, ...], most: int) -> Writing:
        if tokens[: len(lead)] != lead or len(tokens) <= len(lead):
            lead = ()  # the words have melted into the tokens before them
        return Writing(self.model, tokens, lead, most, self._leads, self._clock)

    def _keep(self, key: Hashable, writing: Writing) -> None:
        if key not in self._finished:
            self.typical_s = (self.typical_s + writing.spent_s) / 2
        self._finished[key] = writing
        self._finished.move_to_end(key)
        while len(self._finished) > _TEXTS_KEPT:
            self._finished.popitem(last=False)


def _cut(tokens: tuple[int, ...], length: int) -> Iterator[tuple[int, ...]]:
    for begin in range(0, len(tokens), length):
        yield tokens[begin : begin + length]
