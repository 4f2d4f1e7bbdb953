"""How the commands speak to a person: faults in one line, plain text when nobody watches.

Results go to standard output, everything else to standard error, so that a command can be piped.
"""

import sys

from rich.console import Console


class CommandError(Exception):
    """The command cannot go on. `str()` is what the user reads, and says what would be right."""


def errors_console() -> Console:
    """The console of faults and progress; without colours where standard error is a file."""
    return Console(file=sys.stderr, highlight=False, emoji=False, soft_wrap=True)


def results_console() -> Console:
    """The console of results. Lines are never folded: what is printed can be pasted."""
    return Console(file=sys.stdout, highlight=False, emoji=False, soft_wrap=True)
