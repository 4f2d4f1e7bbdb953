"""Decides what a site asks of its pictures: whether they bear a label, and how long rows are kept.

Pure. What a label looks like is `server.labelling`'s.
Source: GB 45438-2025, 5.2, for words and height; Measures for labelling AI-generated content,
article 9, for who may have no label and the six months of the log.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from server.errors import Forbidden

Unlabelled: TypeAlias = Literal["allow", "log", "forbid"]
"""What becomes of a call that asks for no label."""
Compliance: TypeAlias = Literal["none", "cn"]

LEAST_DAYS_UNLABELLED = 183
"""Six months: rows of pictures without a label are kept at least so long."""
_DAY_S = 24 * 3600
_MACHINE = re.compile("人工智能|AI")
_MADE = re.compile("生成|合成")


@dataclass(frozen=True, slots=True)
class LabelPolicy:
    """What holds here."""

    unlabelled: Unlabelled = "allow"
    compliance: Compliance = "none"
    days: int = 30
    """How long a row is kept."""

    @property
    def logs(self) -> bool:
        """Whether a line is logged of each picture that was asked for without a label."""
        return self.unlabelled == "log" or self.compliance == "cn"

    def is_labelled(self, said: bool | None, usual: bool) -> bool:
        """Whether a picture is labelled; where labels are asked for, also when nothing was said.

        Raises: Forbidden: it was asked for without one.
        """
        if self.unlabelled == "forbid" and said is False:
            raise Forbidden(
                "This site labels every picture: leave watermark out, or send true.", "watermark"
            )
        if said is not None:
            return said
        return usual or self.unlabelled == "forbid" or self.compliance == "cn"

    def keep_s(self, labelled: bool) -> int:
        """How long a picture's row is kept. Units: seconds."""
        return _DAY_S * (self.days if labelled else max(self.days, LEAST_DAYS_UNLABELLED))


def conforms(text: str) -> bool:
    """Whether a label has the words that GB 45438-2025 asks for."""
    return bool(_MACHINE.search(text) and _MADE.search(text))
