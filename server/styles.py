"""What vivid, natural and transparent mean to models that know no such thing: words in the prompt.

A language model finds them where there is one and it is asked, else they are fixed ones. They stand
in the answer's `revised_prompt`, because they were drawn too. Without a style nothing is added:
pictures are then of the caller's own words.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pipelines.families.base import Family
from pipelines.types import RewriteMode, Rewriting
from server.contract.named_models import NamedModel
from server.draft import Draft, Style

STYLE_WORDS: Mapping[Style, str] = MappingProxyType(
    {
        "vivid": "vivid and dramatic, saturated colours, strong light",
        "natural": "natural and true to life, muted colours, soft light",
    }
)


_GROUNDS = ("background", "背景")


def style_words(draft: Draft, named: NamedModel) -> str:
    """What the style adds to a prompt of this model; empty where it has no styles."""
    if draft.style is None or not named.abilities.styles:
        return ""
    return STYLE_WORDS[draft.style]


def wanted_rewriting(
    draft: Draft, named: NamedModel, prompt: str, drawer: Family
) -> Rewriting | None:
    """What a language model shall do; `prompt` is what is drawn without one."""
    said, mode = draft.prompt or "", _mode(draft, named)
    if mode is None or not said.strip():
        return None
    ground = drawer.abilities.plain_ground
    return Rewriting(said, mode, ground if ground and prompt.endswith(ground) else "")


def _mode(draft: Draft, named: NamedModel) -> RewriteMode | None:
    if draft.style is not None and named.abilities.styles:
        return draft.style
    return (draft.optimize_mode or "standard") if draft.optimize else None


def styled(prompt: str, words: str) -> str:
    """The prompt with the words of a style behind it."""
    return f"{prompt.rstrip().rstrip('.,;')}, {words}" if words else prompt


def on_plain_ground(prompt: str, words: str) -> str:
    """The prompt of a picture to be cut out, unless it says itself what is behind its subject."""
    if any(ground in prompt.lower() for ground in _GROUNDS):
        return prompt
    return prompt.rstrip().rstrip(".,;。") + words
