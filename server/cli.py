"""The command `seedbed`: its words, flags and help. What a command does lies in other modules.

`seedbed --help` must answer at once, so this module imports nothing heavy: the modules behind the
commands are a registry, imported on use. Every fault that a user can mend leaves as one line.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.errors import GenerationError
from server.models_command import models_app
from server.provenance_app import provenance_app
from server.settings import SECRET, Loaded, Settings, load
from server.terminal import CommandError, errors_console, results_console
from server.watermark_app import watermark_app
from server.weights_app import weights_app

_BEHIND = {
    "catalog": "server.assembly:default_catalog",
    "serve": "server.startup:serve",
    "generate": "server.generate.command:generate",
    "health": "server.health:check",
    "parity": "pipelines.parity.command:parity",
    "upgrade": "server.store.migrate:upgrade",
    "models": "server.models.command:run",
    "watermark": "server.provenance.command:run",
    "weights": "server.weights.commands:run",
    "provenance": "server.provenance.certificate_commands:run",
}
"""Command -> module:function, imported on use."""

_UNITS = {
    "mib": "MIB",
    "s": "SECONDS",
    "hours": "HOURS",
    "days": "DAYS",
    "dir": "FOLDER",
    "file": "FILE",
    "url": "URL",
}
"""Last word of a setting's name -> how its value is called in the help."""


def main() -> None:
    """Run the command line; a fault is one line on standard error and exit status 1."""
    try:
        build_app()()
    except CommandError as fault:
        errors_console().print(f"seedbed: {fault}", markup=False)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def build_app() -> typer.Typer:
    """The whole command line."""
    config = typer.Typer(help="Look at the settings.", no_args_is_help=True)
    config.command("show")(show)
    database = typer.Typer(help="Look after the database.", no_args_is_help=True)
    database.command("upgrade")(upgrade)
    app = typer.Typer(
        name="seedbed",
        help="An image server that speaks the Volcengine Ark and OpenAI image APIs.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for command in (serve, generate, health, parity, version):
        app.command()(command)
    app.add_typer(config, name="config")
    app.add_typer(database, name="db")
    app.add_typer(models_app(models), name="models")
    app.add_typer(watermark_app(watermark), name="watermark")
    app.add_typer(weights_app(weights), name="weights")
    app.add_typer(provenance_app(provenance), name="provenance")
    return app


def _setting(name: str) -> Any:
    """The flag of a setting. Its value stays text: `server.settings` checks all sources alike."""
    field = Settings.model_fields[name]
    default = "" if name == SECRET or field.default is None else f" [default: {field.default}]"
    return typer.Option(
        help=f"{field.description}{default}",
        metavar=_UNITS.get(name.rpartition("_")[2], name.upper()),
    )


def serve(
    context: typer.Context,
    host: Annotated[str | None, _setting("host")] = None,
    port: Annotated[str | None, _setting("port")] = None,
    api_keys: Annotated[str | None, _setting("api_keys")] = None,
    api_keys_file: Annotated[str | None, _setting("api_keys_file")] = None,
    data_dir: Annotated[str | None, _setting("data_dir")] = None,
    public_url: Annotated[str | None, _setting("public_url")] = None,
    cors_origins: Annotated[str | None, _setting("cors_origins")] = None,
    max_body_mib: Annotated[str | None, _setting("max_body_mib")] = None,
    max_form_mib: Annotated[str | None, _setting("max_form_mib")] = None,
    max_bodies_mib: Annotated[str | None, _setting("max_bodies_mib")] = None,
    fetch_references: Annotated[str | None, _setting("fetch_references")] = None,
    reference_hosts: Annotated[str | None, _setting("reference_hosts")] = None,
    sizes: Annotated[str | None, _setting("sizes")] = None,
    ark_errors: Annotated[str | None, _setting("ark_errors")] = None,
    requests_per_minute: Annotated[str | None, _setting("requests_per_minute")] = None,
    azure_keys: Annotated[str | None, _setting("azure_keys")] = None,
    a1111: Annotated[str | None, _setting("a1111")] = None,
    client_timeout_s: Annotated[str | None, _setting("client_timeout_s")] = None,
    max_backlog_s: Annotated[str | None, _setting("max_backlog_s")] = None,
    hang_s: Annotated[str | None, _setting("hang_s")] = None,
    drain_s: Annotated[str | None, _setting("drain_s")] = None,
    threads: Annotated[str | None, _setting("threads")] = None,
    device: Annotated[str | None, _setting("device")] = None,
    tier: Annotated[str | None, _setting("tier")] = None,
    weights_lock: Annotated[str | None, _setting("weights_lock")] = None,
    accept_licences: Annotated[str | None, _setting("accept_licences")] = None,
    policy: Annotated[str | None, _setting("policy")] = None,
    ageing: Annotated[str | None, _setting("ageing")] = None,
    max_rows: Annotated[str | None, _setting("max_rows")] = None,
    memory_gib: Annotated[str | None, _setting("memory_gib")] = None,
    max_megapixels: Annotated[str | None, _setting("max_megapixels")] = None,
    min_stay_s: Annotated[str | None, _setting("min_stay_s")] = None,
    storage: Annotated[str | None, _setting("storage")] = None,
    offload: Annotated[str | None, _setting("offload")] = None,
    step_cache: Annotated[str | None, _setting("step_cache")] = None,
    reproducible: Annotated[str | None, _setting("reproducible")] = None,
    upscale: Annotated[str | None, _setting("upscale")] = None,
    guidance: Annotated[str | None, _setting("guidance")] = None,
    upscalers: Annotated[str | None, _setting("upscalers")] = None,
    matting: Annotated[str | None, _setting("matting")] = None,
    style_words: Annotated[str | None, _setting("style_words")] = None,
    rewriter: Annotated[str | None, _setting("rewriter")] = None,
    rewriter_s: Annotated[str | None, _setting("rewriter_s")] = None,
    moderation_rules: Annotated[str | None, _setting("moderation_rules")] = None,
    image_classifier: Annotated[str | None, _setting("image_classifier")] = None,
    nsfw_threshold: Annotated[str | None, _setting("nsfw_threshold")] = None,
    text_classifier: Annotated[str | None, _setting("text_classifier")] = None,
    text_classifier_allows: Annotated[str | None, _setting("text_classifier_allows")] = None,
    url_ttl_hours: Annotated[str | None, _setting("url_ttl_hours")] = None,
    batch_rows: Annotated[str | None, _setting("batch_rows")] = None,
    max_batch_mib: Annotated[str | None, _setting("max_batch_mib")] = None,
    batch_ttl_days: Annotated[str | None, _setting("batch_ttl_days")] = None,
    gpt_image_response: Annotated[str | None, _setting("gpt_image_response")] = None,
    label_language: Annotated[str | None, _setting("label_language")] = None,
    label_text: Annotated[str | None, _setting("label_text")] = None,
    label_style: Annotated[str | None, _setting("label_style")] = None,
    label_corner: Annotated[str | None, _setting("label_corner")] = None,
    label_logo: Annotated[str | None, _setting("label_logo")] = None,
    metadata: Annotated[str | None, _setting("metadata")] = None,
    content_credentials: Annotated[str | None, _setting("content_credentials")] = None,
    credentials_chain: Annotated[str | None, _setting("credentials_chain")] = None,
    credentials_key: Annotated[str | None, _setting("credentials_key")] = None,
    time_stamps_url: Annotated[str | None, _setting("time_stamps_url")] = None,
    invisible_mark: Annotated[str | None, _setting("invisible_mark")] = None,
    watermark_policy: Annotated[str | None, _setting("watermark_policy")] = None,
    compliance: Annotated[str | None, _setting("compliance")] = None,
    producer: Annotated[str | None, _setting("producer")] = None,
    producer_code: Annotated[str | None, _setting("producer_code")] = None,
    propagator: Annotated[str | None, _setting("propagator")] = None,
    provenance_days: Annotated[str | None, _setting("provenance_days")] = None,
    log_level: Annotated[str | None, _setting("log_level")] = None,
) -> None:
    """Serve the image APIs until told to stop (Ctrl-C or SIGTERM).

    Every flag is also a variable (--max-body-mib is SEEDBED_MAX_BODY_MIB) and a line in
    seedbed.toml (max_body_mib = 64). Flags win over variables, variables over the file.
    """
    said = {name: value for name, value in context.params.items() if value is not None}
    _behind("serve")(load(said).settings)


def generate(
    context: typer.Context,
    prompt: Annotated[
        str | None, typer.Argument(help="What to draw, in English or Chinese.")
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="File to write: .png, .jpg, .jpeg or .webp."
        ),
    ] = Path("out.png"),
    model: Annotated[str | None, typer.Option(help="Name of the model [default: seedbed].")] = None,
    size: Annotated[
        str | None, typer.Option(help="Width and height, as in 512x512.", metavar="SIZE")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same picture; random without it.")
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(help="How closely to follow the prompt, 1 to 10.")
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Picture to begin from; say it again for more of them."),
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PNG that is transparent where the picture may change."),
    ] = None,
    n: Annotated[
        int, typer.Option("--n", "-n", min=1, help="How many pictures; writes out-1.png, ...")
    ] = 1,
    watermark: Annotated[
        bool | None,
        typer.Option(help="Label the picture [default: as the site and the model have it]."),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw this picture of seedbed again, from the recipe in the file; options that "
            "are said beside it go before what the recipe says.",
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            help="With --recipe: draw also with other weights, or from other pictures, than the "
            "recipe's.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files.")] = False,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Server to draw with. Without it, the one at the configured address if it runs, "
            "else an engine started for this one command.",
        ),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Key of the server. Without it, the first of SEEDBED_API_KEYS, else the key in "
            "the data folder.",
        ),
    ] = None,
) -> None:
    """Draw pictures from the terminal."""
    _behind("generate")(load({}).settings, **context.params)


def health(
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask whether it can draw a picture now.")
    ] = False,
) -> None:
    """Ask the server at the configured address whether it is alive; the exit status says it.

    For the health checks of containers and of systemd.
    """
    _behind("health")(load({}).settings, ready)


def parity(
    families: Annotated[
        list[str] | None, typer.Argument(help="Which families; all of them without it.")
    ] = None,
    device: Annotated[str, typer.Option(help='"cpu", "cuda:1", ...')] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    markdown: Annotated[bool, typer.Option(help="Print a Markdown table.")] = False,
    cache: Annotated[
        bool, typer.Option("--cache", help="Compare the step cache with none in place of that.")
    ] = False,
) -> None:
    """Prove on this machine that sharing forwards changes no picture.

    Draws four requests alone and together, per family: every family small and random, and the
    weights that are installed. With --cache: how near pictures stay with the step cache.
    """
    form = "json" if as_json else "markdown" if markdown else "table"
    try:
        catalog = _behind("catalog")(load({}).settings)
        passed = _behind("parity")(families or (), catalog, device, form, cache)
    except GenerationError as fault:
        raise CommandError(fault.message) from fault
    if not passed:
        raise typer.Exit(1)


def show() -> None:
    """Print every setting, its value and where the value comes from."""
    loaded = load({})
    console = results_console()
    for name, origin in loaded.origins.items():
        console.print(f"{name:<20}{_shown(loaded, name):<28}{origin}", markup=False)


def upgrade() -> None:
    """Bring the database of the data folder to this version; a copy of the old one is kept.

    Stop the server first.
    """
    _behind("upgrade")(load({}).settings.data_dir)


def models(command: str, said: dict[str, Any]) -> None:
    """Run one of the commands about models."""
    _behind("models")(command, load({}).settings, said)


def watermark(command: str, said: dict[str, Any]) -> None:
    """Run one of the commands about marks in pictures."""
    _behind("watermark")(command, load({}).settings, said)


def weights(command: str, said: dict[str, Any]) -> None:
    """Run one of the commands about weights."""
    _behind("weights")(command, load({}).settings, said)


def provenance(command: str, said: dict[str, Any]) -> None:
    """Run one of the commands about certificates."""
    _behind("provenance")(command, load({}).settings, said)


def version() -> None:
    """Print the version."""
    results_console().print(version_of("seedbed"))


def _behind(command: str) -> Callable[..., Any]:
    """The function behind a command, imported now."""
    module, _, name = _BEHIND[command].partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function


def _shown(loaded: Loaded, name: str) -> str:
    if name == SECRET:
        return ", ".join(f"{key.name}:***" for key in loaded.settings.keys) or "-"
    value = getattr(loaded.settings, name)
    return "-" if value is None else str(value)
