"""`seedbed generate`: where to draw, a progress bar per picture, and what is written where."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pipelines.post.encode import Format
from pipelines.provenance.recipe import Recipe
from server.assembly import default_catalog
from server.generate import local, remote
from server.generate.again import differences, order_again, read_file, read_files, read_recipe
from server.generate.events import Drawn, Order, Step
from server.settings import Settings
from server.store.api_keys import senders_key
from server.terminal import CommandError, errors_console, results_console

_FORMATS: dict[str, Format] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def generate(
    settings: Settings,
    prompt: str | None,
    output: Path,
    model: str | None,
    size: str | None,
    seed: int | None,
    guidance: float | None,
    image: Sequence[Path] | None,
    mask: Path | None,
    n: int,
    watermark: bool | None,
    recipe: Path | None,
    anyway: bool,
    force: bool,
    server: str | None,
    api_key: str | None,
) -> None:
    """Draw an order and write its pictures.

    Raises: CommandError: it cannot be drawn or written, or a picture cannot be read.
    """
    targets = _targets(output, n)
    _check(targets, force)
    order = Order(
        prompt,
        model,
        n,
        size,
        seed,
        guidance,
        watermark,
        _FORMATS[output.suffix.lower()],
        images=read_files(image or ()),
        mask=None if mask is None else read_file(mask),
    )
    before = None
    if recipe is not None:
        before = read_recipe(recipe, read_file(recipe))
        order = order_again(recipe, before, order, anyway)
    elif prompt is None:
        raise CommandError("say what shall be drawn, or --recipe FILE to draw a picture again")
    with _Display(targets, force, before) as display:
        _draw(settings, order, server, api_key, display)


def _draw(
    settings: Settings, order: Order, server: str | None, api_key: str | None, display: "_Display"
) -> None:
    """Through the server that was named or that runs here; with none, by an engine of our own."""
    address = (server or settings.address).rstrip("/")
    key = api_key or senders_key(settings)
    if remote.answers(address):
        if key is not None:
            display.say(f"drawing through {address}")
            remote.draw(address, key, order, display.hear)
            return
        if server is not None:
            raise CommandError(f"{address} needs a key: say --api-key")
    elif server is not None:
        raise CommandError(f"no server that can draw answers at {address}")
    catalog = default_catalog(settings)
    local.check(catalog, order)
    display.say(f"no server to draw with at {address}: starting the engine for this one command")
    local.draw(settings, catalog, order, display.hear)


class _Display:
    """A bar per picture on standard error; a line per written file on standard output."""

    def __init__(self, targets: list[Path], force: bool, recipe: Recipe | None = None) -> None:
        self._targets = targets
        self._recipe = recipe
        self._mode = "wb" if force else "xb"
        self._results = results_console()
        errors = errors_console()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=errors,
            disable=not errors.is_terminal,
        )
        self._tasks = [
            self._bars.add_task(path.name, total=None, start=False, left="waiting")
            for path in targets
        ]

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def say(self, line: str) -> None:
        self._bars.console.print(line, markup=False)

    def hear(self, event: Step | Drawn) -> None:
        """Move a bar, or write a picture.

        Raises: CommandError: the file cannot be written.
        """
        if isinstance(event, Step):
            task = self._tasks[event.index]
            self._bars.start_task(task)
            left = f"{event.eta_s:.1f} s left"
            self._bars.update(task, completed=event.step, total=event.steps, left=left)
        else:
            self._write(event)

    def _write(self, drawn: Drawn) -> None:
        path = self._targets[drawn.index]
        try:
            with path.open(self._mode) as file:
                file.write(drawn.data)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        self._bars.update(self._tasks[drawn.index], left="done")
        self._results.print(f"{path}  {drawn.size}  seed {drawn.seed}", markup=False)
        if drawn.lacks:
            reasons = (f"{name} ({why})" for name, why in drawn.lacks.items())
            self.say(f"{path} goes without {', '.join(reasons)}")
        if self._recipe is not None:
            for difference in differences(self._recipe, drawn.data):
                self.say(f"{path} was drawn with {difference}")


def _targets(output: Path, n: int) -> list[Path]:
    if n == 1:
        return [output]
    return [output.with_stem(f"{output.stem}-{number}") for number in range(1, n + 1)]


def _check(targets: list[Path], force: bool) -> None:
    """Refuse before anything is drawn what could not be written afterwards."""
    first = targets[0]
    if first.suffix.lower() not in _FORMATS:
        raise CommandError(f"{first} must end in one of {', '.join(_FORMATS)}")
    if not first.parent.is_dir():
        raise CommandError(f"there is no folder {first.parent}")
    taken = [str(path) for path in targets if path.exists()]
    if taken and not force:
        raise CommandError(f"{', '.join(taken)} exists already; --force overwrites")
