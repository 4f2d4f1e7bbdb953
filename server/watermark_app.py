"""The commands `seedbed watermark ...`: words, flags and help. What they do is `server.provenance`.

Imports nothing heavy, as `server.cli`, which also finds what is behind a command.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

Behind: TypeAlias = Callable[[str, dict[str, Any]], None]
"""Runs what is behind a command, by its name, with what was said."""


class DepthChoice(StrEnum):
    """How far the invisible mark is looked for."""

    FAST = "fast"
    DEEP = "deep"
    EXHAUSTIVE = "exhaustive"


def watermark_app(behind: Behind) -> typer.Typer:
    """The group of commands."""
    app = typer.Typer(
        help="Find out whether pictures come from this server, and renew what marks them.",
        no_args_is_help=True,
    )

    @app.command()
    def verify(
        context: typer.Context,
        files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pictures.")],
        depth: Annotated[
            DepthChoice,
            typer.Option(
                help="How far to look for the invisible mark: fast takes the picture as it is, "
                "deep also finds it in crops, screenshots, tilted and squeezed copies, exhaustive "
                "also in crops that were tilted or turned."
            ),
        ] = DepthChoice.DEEP,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
        manifest: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                help="Write the signed manifest that the registry keeps of the picture into FILE.",
            ),
        ] = None,
    ) -> None:
        """Say what the layers of pictures tell of where they come from. Needs no network.

        Reads the keys, the certificates and the registry of the data folder and changes nothing
        there, so it may run beside the server.

        \b
        Exit status, the largest of all files:
          0  drawn by this server
          1  no mark was found, or only a claim that anybody could have written
          2  a conflict, or changed after it was signed (2 is also: wrong usage)
          3  a file, or the data folder, cannot be read
        """
        behind("verify", context.params)

    @app.command(name="rotate-key")
    def rotate_key() -> None:
        """Make a new key of the invisible mark. The old ones stay: what they marked is recognised.

        A running server takes it at its next start. Ids of new pictures are made with it too, so
        the same request then gives other bytes than before.
        """
        behind("rotate-key", {})

    return app
