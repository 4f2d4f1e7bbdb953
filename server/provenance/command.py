"""What is behind `seedbed watermark verify`: files in, a verdict for each out, and an exit status.

Verifying reads the data folder and changes nothing in it: no lock is taken, no file is made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from pipelines.errors import InvalidImage
from pipelines.tilemark.mark import Depth
from server.dialect import Json
from server.provenance.archive import Archive
from server.provenance.certificate_commands import seal_settings
from server.provenance.key_commands import rotate_key
from server.provenance.report import report
from server.provenance.seal import SealSettings
from server.provenance.verifying import RULE, Verification, conclude
from server.settings import Settings
from server.terminal import CommandError, errors_console, results_console
from server.weights.showing import print_json, print_table

UNREADABLE = 3
"""Exit status where there is no verdict."""
_TITLES: Mapping[str, tuple[str, str]] = {
    "ai_generated_by_this_server": ("AI-generated, by this server", "green"),
    "claims_ai_generated": ("says that it is AI-generated; nothing proves who made it", "yellow"),
    "conflict": ("CONFLICT", "bold red"),
    "no_mark_found": ("no mark found", "default"),
}
_CHANGED = ("changed after it was signed", "red")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one file."""

    file: Path
    verification: Verification | None = None
    fault: str = ""

    @property
    def exit_status(self) -> int:
        return self.verification.verdict.exit_status if self.verification else UNREADABLE


def run(command: str, settings: Settings, said: Mapping[str, Any]) -> None:
    """Verify, and leave with the exit status; or make another key. Raises: CommandError."""
    if command == "rotate-key":
        rotate_key(settings.data_dir)
        return
    try:
        status = _verify(seal_settings(settings), **said)
    except CommandError as fault:
        errors_console().print(f"seedbed: {fault}", markup=False)
        status = UNREADABLE
    raise typer.Exit(status)


def _verify(
    settings: SealSettings, files: list[Path], depth: Depth, as_json: bool, manifest: Path | None
) -> int:
    if manifest is not None and len(files) > 1:
        raise CommandError("--manifest writes the manifest of one picture: say one FILE")
    worst, data = 0, []
    with Archive(settings) as archive:
        for index, outcome in enumerate(_outcomes(archive, files, depth)):
            worst = max(worst, outcome.exit_status)
            if as_json:
                data.append(_as_json(index, outcome))
            else:
                _show(outcome)
        for note in archive.notes:
            errors_console().print(f"note: {note}", markup=False)
    if as_json:
        print_json({"object": "list", "data": data})
    if manifest is not None:
        _write_manifest(outcome, manifest)
    return UNREADABLE if archive.damaged else worst


def _outcomes(archive: Archive, files: list[Path], depth: Depth) -> Iterator[_Outcome]:
    for number, file in enumerate(files, 1):
        text = f"looking at {file.name} ({number} of {len(files)})"
        with errors_console().status(Text(text)):
            try:
                data = _read(file)
                findings = archive.examiner.examine(data, depth, "image")
                verification = conclude(findings, archive.find(findings.ids))
            except (OSError, InvalidImage) as error:
                fault = error.strerror if isinstance(error, OSError) else error.message
                yield _Outcome(file, fault=fault or str(error))
                continue
        yield _Outcome(file, verification)


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        data = opened.read(RULE.max_bytes + 1)
    if len(data) > RULE.max_bytes:
        raise InvalidImage(f"The picture must have at most {RULE.max_bytes} bytes.", "image")
    return data


def _as_json(index: int, outcome: _Outcome) -> Json:
    if outcome.verification is None:
        return {"file": str(outcome.file), "index": index, "error": {"message": outcome.fault}}
    return {"file": str(outcome.file)} | report(outcome.verification, index, None)


def _write_manifest(outcome: _Outcome, target: Path) -> None:
    known = outcome.verification.known if outcome.verification else None
    if known is None or known.manifest is None:
        raise CommandError(f"no manifest is kept of {outcome.file}")
    try:
        with target.open("xb") as file:
            file.write(known.manifest)
    except OSError as error:
        raise CommandError(f"cannot write {target}: {error.strerror}") from error
    errors_console().print(f"wrote {target}", markup=False)


def _show(outcome: _Outcome) -> None:
    console = results_console()
    head = Text(f"{outcome.file}: ")
    if outcome.verification is None:
        console.print(head.append(f"cannot be read: {outcome.fault}", "red"))
        return
    verdict = outcome.verification.verdict
    head.append(*_TITLES[verdict.answer])
    if verdict.tampered and verdict.answer != "conflict":
        head.append(", ").append(*_CHANGED)
    console.print(head)
    for reason in verdict.reasons:
        console.print(f"  {reason}", markup=False)
    said = report(outcome.verification, 0, None)
    print_table(("  layer", "status", "id", "what else"), list(_rows(said)))
    console.print("")


def _rows(said: Json) -> Iterator[tuple[str, str, str, str]]:
    sealed, text, mark = (said["layers"][name] for name in ("c2pa", "metadata", "invisible"))
    known = said["registry"]
    yield (
        "  credentials",
        sealed["status"],
        _listed(sealed["soft_bindings"]),
        _joined(_by(sealed["issuer"]), *sealed["source_types"], *sealed["failures"]),
    )
    yield (
        "  metadata",
        text["status"],
        text["produce_id"] or "-",
        _joined(_by(text["producer"]), *text["source_types"], *text["systems"], *text["faults"]),
    )
    yield "  invisible", mark["status"], mark["id"] or "-", _joined(*_mark_words(mark))
    found = said["id"] if known["status"] == "found" else None
    yield "  registry", known["status"], found or "-", _joined(*_registry_words(known))


def _mark_words(mark: Json) -> Iterator[str]:
    if mark["status"] == "not_searched":
        yield "there is no key in the data folder"
        return
    if mark["key"]:
        yield f"key {mark['key']}"
        yield mark["geometry"]
    yield f"sync {mark['sync_z']}"
    yield f"{mark['decodes_tried']} decoded"
    yield f"false with a chance of at most {mark['false_positive_bound']:.1e}"
    if not mark["complete"]:
        yield "not every place was looked at"


def _registry_words(known: Json) -> Iterator[str]:
    if known["status"] == "unknown":
        return
    when = datetime.fromtimestamp(known["created_at"], UTC)
    yield f"drawn {when:%Y-%m-%d %H:%M} UTC by {known['model']}"
    yield f"request {known['request_id']} of {known['client']}"
    yield "the same file" if known["same_file"] else "another file"
    alike = {True: "looks alike", False: "LOOKS UNLIKE", None: "cannot be compared"}
    yield alike[known["looks_alike"]]
    if known["manifest"]:
        yield "manifest kept (--manifest FILE)"


def _by(name: str | None) -> str | None:
    return f"by {name}" if name else None


def _listed(words: list[str]) -> str:
    return " ".join(words) or "-"


def _joined(*words: str | None) -> str:
    return ", ".join(word for word in words if word) or "-"
