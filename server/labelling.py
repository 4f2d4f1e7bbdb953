"""Decides which pictures are labelled with what: by the site's settings and the prompt's script.

What the law or the site asks for stands in `server.provenance.policy`; how a label is drawn, in
`pipelines.label`.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from pipelines.errors import InvalidImage
from pipelines.label.label import CHINESE, ENGLISH, Label
from pipelines.label.layout import fitting_size
from pipelines.label.logo import read_logo
from pipelines.types import Bitmap, Size
from server.provenance.policy import LabelPolicy
from server.terminal import CommandError

LabelLanguage: TypeAlias = Literal["auto", "zh", "en"]

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""Source: Unicode, the blocks of CJK ideographs."""


@dataclass(frozen=True, slots=True)
class Labelling:
    """What labels say and look like here."""

    language: LabelLanguage = "auto"
    """auto is Chinese where the prompt has a Chinese character."""
    text: str | None = None
    """Stands in place of the words of any language."""
    look: Label = field(default_factory=Label)
    """Everything but the text."""
    policy: LabelPolicy = field(default_factory=LabelPolicy)

    def label(self, prompt: str, size: Size) -> Label:
        """The label of a picture of this prompt.

        Raises: TooSmall: a picture of this size cannot hold it.
        """
        label = replace(self.look, text=self.text or self._words(prompt))
        fitting_size(label.text, label.style, label.logo, size)
        return label

    def _words(self, prompt: str) -> str:
        chinese = self.language == "zh" or (self.language == "auto" and _HAN.search(prompt))
        return CHINESE if chinese else ENGLISH


def load_logo(path: Path | None) -> Bitmap | None:
    """Read the logo that stands before the text; None where there is none.

    Raises: CommandError: it cannot be read, or cannot be one.
    """
    if path is None:
        return None
    try:
        return read_logo(path.read_bytes())
    except OSError as error:
        raise CommandError(f"label_logo={path}: {error.strerror}") from error
    except InvalidImage as error:
        raise CommandError(f"label_logo={path}: {error.message}") from error
