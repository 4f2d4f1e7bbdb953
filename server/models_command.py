"""The commands `seedbed models ...`: words, flags and help. Behind them: `server.models.command`.

Imports nothing heavy, as `server.cli`, which also finds what is behind a command.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import typer

Behind: TypeAlias = Callable[[str, dict[str, Any]], None]
"""Runs what is behind a command, by its name, with what was said."""

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def models_app(behind: Behind) -> typer.Typer:
    """The group of commands."""
    app = typer.Typer(help="Look at the models: who draws for which name.", no_args_is_help=True)

    @app.command("list")
    def list_models(context: typer.Context, as_json: _Json = False) -> None:
        """List every model name, and who draws for it on each tier of hardware and here."""
        behind("list", context.params)

    @app.command()
    def show(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="A model name, or a stand-in's.")],
        as_json: _Json = False,
    ) -> None:
        """Show all that is known of a model: contract, stand-ins, steps, guidance, sizes."""
        behind("show", context.params)

    @app.command()
    def ps(
        context: typer.Context,
        as_json: _Json = False,
        server: Annotated[
            str | None,
            typer.Option(metavar="URL", help="Server to ask; without it the configured address."),
        ] = None,
        api_key: Annotated[
            str | None,
            typer.Option(
                metavar="KEY",
                help="Key of the server. Without it, the first of SEEDBED_API_KEYS, else the key "
                "in the data folder.",
            ),
        ] = None,
    ) -> None:
        """Show which models are on which device of the running server now."""
        behind("ps", context.params)

    return app
