"""What language models do with a prompt before its pipeline draws: judge it, put it in other words.

Each piece of it is a call that the request waits for, as its pipeline waits for denoising steps:
so others are drawn between two pieces, and a cancelled request goes no further. What a request
wants of them was decided by others.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch

from pipelines.errors import ContentRejected, UnknownModel
from pipelines.options import TextModels
from pipelines.text.answers import Unusable
from pipelines.text.judge import Judge
from pipelines.text.model import TextModel, load_text_model
from pipelines.text.rewriter import Rewriter
from pipelines.text.writing import Park, Writer
from pipelines.types import ImageRequest, Rewriting

Tell: TypeAlias = Callable[[str, str], None]
"""Hears the words that will be drawn, and why they are not rewritten ones if they are not."""

log = logging.getLogger(__name__)


class Forework:
    """One request's way through the language models before its pipeline."""

    def __init__(
        self,
        request: ImageRequest,
        judge: Judge | None,
        rewriter: Rewriter | None,
        tell: Tell,
    ) -> None:
        self.left_s = (judge.typical_s if judge else 0.0) + (rewriter.typical_s if rewriter else 0)
        """Predicted seconds, as far as such work was timed before."""
        self._request = request
        self._judge = judge
        self._rewriter = rewriter
        self._tell = tell

    def words(self, park: Park) -> str:
        """What shall be drawn. Raises: ContentRejected, TooLong, ModelFailure."""
        self._look(self._request.prompt, park)
        wanted, rewriter = self._request.rewriting, self._rewriter
        if wanted is None or rewriter is None:
            self.left_s = 0.0
            return self._request.prompt
        try:
            words, why = self._rewritten(wanted, rewriter, park), ""
        except Unusable as reason:
            words, why = self._request.prompt, str(reason)
        self.left_s = 0.0
        self._tell(words, why)
        return words

    def _rewritten(self, wanted: Rewriting, rewriter: Rewriter, park: Park) -> str:
        patient = self._request.reproducible
        rewritten = rewriter.rewrite(wanted.said, wanted.mode, park, patient=patient)
        words = rewritten.rstrip(".,;。") + wanted.ending if wanted.ending else rewritten
        try:
            self._look(words, park)
        except ContentRejected:
            raise Unusable("unsafe") from None  # what the caller wrote was none of that
        return words

    def _look(self, words: str, park: Park) -> None:
        """Raises: ContentRejected, TooLong, ModelFailure."""
        if self._judge is not None and words.strip():
            self._judge.check(words, self._request.strictness, park)


@dataclass(frozen=True)
class LanguageModels:
    """Those of one device."""

    judge: Judge | None = None
    rewriter: Rewriter | None = None
    size_bytes: int = 0
    """What their weights take of the device."""

    def check(self, request: ImageRequest) -> None:
        """Raises: UnknownModel: when a model that the request needs is not here."""
        if request.rewriting is not None and self.rewriter is None:
            raise UnknownModel("no language model that rewrites prompts is here", "prompt")

    def forework(self, request: ImageRequest, tell: Tell) -> Forework | None:
        """What comes before the pipeline of a request, if anything does."""
        rewriter = self.rewriter if request.rewriting is not None else None
        if rewriter is None and self.judge is None:
            return None
        return Forework(request, self.judge, rewriter, tell)


NO_LANGUAGE = LanguageModels()


def load_language(wanted: TextModels, device: torch.device) -> LanguageModels:
    """Load a machine's language models. Raises: ModelBroken: naming the file at fault."""
    judge = rewriter = None
    models: list[TextModel] = []
    if wanted.classifier is not None:
        models.append(load_text_model(wanted.classifier, device))
        judge = Judge(Writer(models[-1]), wanted.allowed)
        log.info("prompts that %s calls unsafe are refused", wanted.classifier)
    if wanted.rewriter is not None:
        models.append(load_text_model(wanted.rewriter, device))
        rewriter = Rewriter(Writer(models[-1]), wanted.rewriter_s)
    return LanguageModels(judge, rewriter, sum(model.size_bytes for model in models))
