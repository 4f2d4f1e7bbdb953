"""Has a language model judge prompts before anything is drawn, and refuses those it calls unsafe.

Only what the model wrote is read, never a word of the prompt: a prompt that contains a verdict
remains a prompt. Where there is no verdict nothing is drawn. Knows no request and no caller.
"""

import logging

from pipelines.errors import ContentRejected, ModelFailure, TooLong
from pipelines.text.model import Messages
from pipelines.text.verdict import NoVerdict, Verdict, read_verdict
from pipelines.text.writing import Park, Writer
from pipelines.types import Strictness

_MOST_TOKENS = 64
"""Of a verdict that names every category."""

log = logging.getLogger(__name__)


class Judge:
    """One language model that judges prompts."""

    def __init__(self, writer: Writer, allowed: frozenset[str] = frozenset()) -> None:
        """`allowed` are categories that are drawn all the same."""
        self._writer = writer
        self._allowed = allowed
        # Its template says by itself what is asked, and begins the answer.
        self._lead = writer.lead(_ask, begin_answer=False)

    @property
    def typical_s(self) -> float:
        """Seconds that verdicts took of late."""
        return self._writer.typical_s

    def check(self, words: str, strictness: Strictness, park: Park) -> None:
        """Let through what may be drawn.

        Raises: ContentRejected. TooLong: it is more than the model reads. ModelFailure: it came to
        no verdict.
        """
        verdict = self._verdict(words, park)
        if not verdict.refuses(strictness, self._allowed):
            return
        categories = verdict.categories or ("unsafe",)
        raise ContentRejected(
            "The text classifier of this site does not allow a picture of this "
            f"({', '.join(categories)}). Change the prompt.",
            "prompt",
            categories,
        )

    def _verdict(self, words: str, park: Park) -> Verdict:
        model = self._writer.model
        tokens = model.tokens(_ask(words), begin_answer=False)
        if len(tokens) + _MOST_TOKENS > model.context:
            raise TooLong(
                "The prompt is longer than the text classifier of this site reads.", "prompt"
            )
        try:
            return read_verdict(self._writer.write(tokens, _MOST_TOKENS, park, self._lead).text)
        except NoVerdict as error:
            log.error("the text classifier gave no verdict, so nothing is drawn: %s", error)
            raise ModelFailure("the text classifier of this site gave no verdict") from None


def _ask(words: str) -> Messages:
    return ({"role": "user", "content": words},)
