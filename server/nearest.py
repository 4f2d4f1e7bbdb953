"""Says to somebody who misspelt a name which one they may have meant."""

import difflib
from collections.abc import Sequence


def hint(name: str, right: Sequence[str]) -> str:
    """What to put behind the refusal of a name."""
    nearest = difflib.get_close_matches(name, right, n=1, cutoff=0.0)
    return f"; did you mean {nearest[0]}?"
