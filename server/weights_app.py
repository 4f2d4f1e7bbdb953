"""The commands `seedbed weights ...`: words, flags and help. What they do is `server.weights`.

Imports nothing heavy, as `server.cli`, which also finds what is behind a command.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

Behind: TypeAlias = Callable[[str, dict[str, Any]], None]
"""Runs what is behind a command, by its name, with what was said."""

_Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Which weights.")]
_Profile = Annotated[
    str | None,
    typer.Option(
        "--profile", "--tier", metavar="NAME", help="All that a tier needs: 8gb, 24gb, 80gb, ..."
    ),
]
_All = Annotated[bool, typer.Option("--all", help="Everything in weights.lock.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def weights_app(behind: Behind) -> typer.Typer:
    """The group of commands."""
    app = typer.Typer(
        help="Look after the weights of models: lock, fetch, verify, carry over an air gap.",
        no_args_is_help=True,
    )

    @app.command()
    def lock(
        context: typer.Context,
        ids: _Ids = None,
        upgrade: Annotated[
            list[str] | None,
            typer.Option(
                "--upgrade", metavar="ID", help="Take the newest commit of its branch; repeatable."
            ),
        ] = None,
    ) -> None:
        """Find out commits, sizes and sha256 of what weights.toml wants; write weights.lock.

        Needs the hub (HF_ENDPOINT names a mirror, HF_TOKEN opens gated models). What is locked
        stays as it is, unless weights.toml says something else or --upgrade is said.
        """
        behind("lock", context.params)

    @app.command()
    def fetch(
        context: typer.Context,
        ids: _Ids = None,
        profile: _Profile = None,
        everything: _All = False,
        origin: Annotated[
            str | None,
            typer.Option(
                "--from",
                metavar="FOLDER|URL",
                help="A folder (another store, a cache of the hub, a download) or a web server "
                "with a store, in place of the hub.",
            ),
        ] = None,
        offline: Annotated[
            bool,
            typer.Option("--offline", help="No network: only --from FOLDER, else the hub's cache."),
        ] = False,
        jobs: Annotated[
            int, typer.Option(min=1, max=32, help="Files that come at the same time.")
        ] = 4,
    ) -> None:
        """Bring locked weights here: resumable, each byte compared with weights.lock."""
        behind("fetch", context.params)

    @app.command()
    def verify(
        context: typer.Context,
        ids: _Ids = None,
        profile: _Profile = None,
        deep: Annotated[
            bool, typer.Option("--deep", help="Hash every file, also those hashed before.")
        ] = False,
        strict: Annotated[
            bool,
            typer.Option(
                "--strict", help="Also fail for whole weights that the lock does not list."
            ),
        ] = False,
        as_json: _Json = False,
    ) -> None:
        """Compare what is here with weights.lock; one file too many is a fault. No network."""
        behind("verify", context.params)

    @app.command()
    def pack(
        context: typer.Context,
        out: Annotated[Path, typer.Argument(metavar="OUT.tar")],
        ids: _Ids = None,
        profile: _Profile = None,
        wheels: Annotated[
            Path | None,
            typer.Option(metavar="FOLDER", help="Python wheels that shall travel with it."),
        ] = None,
    ) -> None:
        """Write one archive for a site without internet; say it again to go on after a stop.

        Without ids it holds everything that is installed. It prints a fingerprint: note it,
        `seedbed weights import` may ask for it.
        """
        behind("pack", context.params)

    @app.command("import")
    def import_(
        context: typer.Context,
        archive: Annotated[Path, typer.Argument(metavar="IN.tar")],
        vouched: Annotated[
            str | None,
            typer.Option(
                "--fingerprint",
                metavar="SHA256",
                help="What pack printed. Needed for wheels, and when this site's weights.lock does "
                "not list the weights; the archive's lock then takes its place.",
            ),
        ] = None,
        wheels: Annotated[
            Path | None, typer.Option(metavar="FOLDER", help="Where to put its Python wheels.")
        ] = None,
    ) -> None:
        """Verify an archive to the last byte, then install its weights."""
        behind("import", context.params)

    @app.command()
    def rm(
        context: typer.Context,
        ids: _Ids = None,
        unused: Annotated[
            bool, typer.Option("--unused", help="Everything that weights.lock does not list.")
        ] = False,
    ) -> None:
        """Take weights off the disk."""
        behind("rm", context.params)

    @app.command()
    def status(context: typer.Context, as_json: _Json = False) -> None:
        """List what weights.lock has, and what of it is here."""
        behind("status", context.params)

    @app.command()
    def licenses(context: typer.Context, ids: _Ids = None, as_json: _Json = False) -> None:
        """List licences; with an id, print the text that came with its weights."""
        behind("licenses", context.params)

    return app
