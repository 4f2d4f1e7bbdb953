"""The commands `seedbed provenance ...`: words, flags and help. `server.provenance` does it all.

Imports nothing heavy, as `server.cli`, which also finds what is behind a command.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

Behind: TypeAlias = Callable[[str, dict[str, Any]], None]
"""Runs what is behind a command, by its name, with what was said."""


def provenance_app(behind: Behind) -> typer.Typer:
    """The group of commands."""
    app = typer.Typer(
        help="Look after the certificates that content credentials (C2PA) are signed with.",
        no_args_is_help=True,
    )

    @app.command()
    def init(
        context: typer.Context,
        organisation: Annotated[
            str,
            typer.Option(
                metavar="NAME", help="Who readers of a picture's credentials are told signed it."
            ),
        ] = "Self-hosted image server",
    ) -> None:
        """Make a root (20 years) and a certificate under it, and try them.

        From its next start on the server seals every picture. A certificate seals for a year, then
        the server makes the next by itself; readers believe each for ten years. Keys stay in the
        data folder: back it up. The root's key (credentials/root-0001.key) may be moved to a safe
        place; then it has to be brought back once a year, for `seedbed provenance renew`.
        """
        behind("init", context.params)

    @app.command()
    def renew(
        context: typer.Context,
        root: Annotated[
            bool, typer.Option("--root", help="Make another root too; old ones stay trusted.")
        ] = False,
    ) -> None:
        """Make the next certificate. The server does so by itself, 30 days before it is due.

        What was sealed before stays trusted. A running server takes the new one within a day.
        """
        behind("renew", context.params)

    @app.command("export-root")
    def export_root(context: typer.Context) -> None:
        """Print the roots as PEM, for whoever shall trust this site's pictures."""
        behind("export-root", context.params)

    @app.command()
    def status(
        context: typer.Context,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Say who signs, until when, and whether renewal works by itself."""
        behind("status", context.params)

    @app.command()
    def selftest(context: typer.Context) -> None:
        """Sign a picture of every format and read it back; exit status 1 when that fails."""
        behind("selftest", context.params)

    @app.command()
    def show(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(metavar="FILE.c2pa", help="A manifest.")],
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Say what a signed manifest says that is in no picture, and who signed it.

        `seedbed watermark verify --manifest` writes such files. Whether it belongs to a picture is
        not known from it alone.
        """
        behind("show", context.params)

    return app
