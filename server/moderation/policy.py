"""Decides whether a prompt may be drawn: the site's word rules, and what is logged of them.

Looked at is the prompt as the caller wrote it. Not looked at: the negative prompt, which says what
shall not be seen, and the words that this server adds. The log says which rule was met in which
call by whose key, and never the prompt. Classifiers look at prompts and pictures where these are
drawn; what they refuse is logged here.
"""

import logging
from dataclasses import replace
from pathlib import Path

from pipelines.errors import ContentRejected
from server.draft import Draft
from server.moderation.word_rules import RulesError, WordRules, read_rules

_log = logging.getLogger(__name__)

_Signature = tuple[int, int, int] | None


class Moderation:
    """The rules of this site. Reads their file again when it has changed.

    Belongs to the event loop.
    """

    def __init__(self, path: Path | None = None, *, judged: bool = False) -> None:
        """Without a path no word is refused. `judged` is whether a classifier reads prompts too.

        Raises: RulesError.
        """
        self._path = path
        self._judged = judged
        self._seen = _signature(path)
        self._rules = WordRules() if path is None else read_rules(path)

    def disclose(self, draft: Draft) -> Draft:
        """Name the parameter among those without effect when nothing asks for it."""
        if draft.moderation is None or self._judged or self._current().know_levels:
            return draft
        return replace(draft, moderation=None, ignored=(*draft.ignored, "moderation"))

    def check(self, draft: Draft, client: str, request_id: str) -> None:
        """Raises: ContentRejected: a rule refuses the prompt."""
        met = self._current().met_by(draft.prompt or "", draft.moderation or "auto")
        for rule in met:
            verb = "refused by" if rule.action == "refuse" else "met"
            _log.info("%s of %s: %s the rule %s", request_id, client, verb, rule.id)
        refused = dict.fromkeys(rule.category for rule in met if rule.action == "refuse")
        if refused:
            raise ContentRejected(
                "The rules of this site do not allow a picture of this "
                f"({', '.join(refused)}). Change the prompt.",
                "prompt",
                tuple(refused),
            )

    def refused(self, client: str, request_id: str, error: ContentRejected) -> None:
        """Log what a classifier refused in the process that draws, and never the prompt."""
        what = error.param or "the picture that was drawn"
        named = ", ".join(error.categories)
        _log.info("%s of %s: a classifier refused %s (%s)", request_id, client, what, named)

    def _current(self) -> WordRules:
        """The rules as they stand in the file; as they were, when that cannot be read."""
        path, found = self._path, _signature(self._path)
        if path is not None and found != self._seen:
            self._seen = found
            try:
                self._rules = read_rules(path)
                _log.info("%s was read again: %d rules", path, len(self._rules.rules))
            except RulesError as error:
                _log.error("the rules stay as they were: %s", error)
        return self._rules


def _signature(path: Path | None) -> _Signature:
    """What changes when a file does; None where there is none."""
    try:
        found = None if path is None else path.stat()
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)
