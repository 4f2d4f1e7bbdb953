"""Puts a prompt into other words by a language model, or says in a word why it cannot.

The same words in the same mode always become the same words. Knows no request and no server.
"""

import logging
from functools import partial

from pipelines.text.answers import Unusable, usable
from pipelines.text.instructions import MOST_TOKENS, ask, in_chinese
from pipelines.text.writing import Park, TooSlow, Writer
from pipelines.types import RewriteMode

_MOST_SAID = 320
"""Tokens of a prompt that says enough by itself, and more than could be said again."""

log = logging.getLogger(__name__)


class Rewriter:
    """One language model that rewrites prompts."""

    def __init__(self, writer: Writer, limit_s: float) -> None:
        """`limit_s` are the seconds of the device that one prompt may take."""
        self._writer = writer
        self._limit_s = limit_s
        self._leads: dict[tuple[RewriteMode, bool], tuple[int, ...]] = {}

    @property
    def typical_s(self) -> float:
        """Seconds that prompts took of late."""
        return self._writer.typical_s

    def rewrite(self, said: str, mode: RewriteMode, park: Park, *, patient: bool = False) -> str:
        """The prompt in other words; a patient caller takes any time for it.

        Raises: Unusable: the model has nothing better to say; it names the reason.
        """
        if not said.strip():
            raise Unusable("empty")
        limit_s = None if patient else self._limit_s
        chinese = in_chinese(said)
        tokens, lead = self._tokens(said, mode, chinese), self._lead(mode, chinese)
        most = MOST_TOKENS[mode]
        if len(tokens) - len(lead) > _MOST_SAID or len(tokens) + most > self._writer.model.context:
            raise Unusable("long-prompt")
        try:
            writing = self._writer.write(tokens, most, park, lead, limit_s)
        except TooSlow as error:
            log.warning("a prompt is drawn as it was said: %s", error)
            raise Unusable("too-slow") from None
        except Exception:
            log.exception("a prompt is drawn as it was said: the language model failed on it")
            raise Unusable("failed") from None
        if not writing.ended:
            raise Unusable("cut-off")
        return usable(said, writing.text)

    def _tokens(self, said: str, mode: RewriteMode, chinese: bool) -> tuple[int, ...]:
        return self._writer.model.tokens(ask(said, mode, chinese), begin_answer=True)

    def _lead(self, mode: RewriteMode, chinese: bool) -> tuple[int, ...]:
        if (mode, chinese) not in self._leads:
            asking = partial(ask, mode=mode, chinese=chinese)
            self._leads[mode, chinese] = self._writer.lead(asking, begin_answer=True)
        return self._leads[mode, chinese]
