"""What is behind `seedbed provenance ...`: makes certificates, shows and tries them."""

import datetime as dt
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.provenance.credentials import read_manifest
from server.provenance.authority import fingerprint
from server.provenance.certificates import Certificates, read_brought
from server.provenance.seal import Seal, SealSettings, trusted_roots, warning_of
from server.settings import Settings
from server.terminal import CommandError, results_console
from server.weights.showing import print_json, print_table

_MOST_BYTES = 64 * 2**20


def run(command: str, settings: Settings, said: Mapping[str, Any]) -> None:
    """Run one of them. Raises: CommandError."""
    _COMMANDS[command](seal_settings(settings), **said)


def seal_settings(settings: Settings) -> SealSettings:
    """What the settings say of content credentials."""
    return SealSettings(
        settings.data_dir,
        settings.content_credentials,
        settings.credentials_chain,
        settings.credentials_key,
        None if settings.time_stamps_url is None else str(settings.time_stamps_url),
    )


def _init(settings: SealSettings, organisation: str) -> None:
    certificates = Certificates(settings.data_dir)
    certificates.make(organisation, _now())
    _prove(settings)
    root = certificates.roots()[0]
    console = results_console()
    console.print(f"made in {certificates.folder}, and tried", markup=False)
    console.print(f"fingerprint of the root (SHA-256): {fingerprint(root)}", markup=False)
    if settings.brought is not None or settings.wanted == "off":
        console.print("not used: the settings name another chain, or switch sealing off")
        return
    console.print(
        "from its next start on the server seals every picture; `seedbed provenance export-root` "
        "prints what others need to trust them",
        markup=False,
    )


def _renew(settings: SealSettings, root: bool) -> None:
    certificates = Certificates(settings.data_dir)
    made = certificates.renew_root(_now()) if root else certificates.renew(_now())
    _prove(settings)
    what = "root and certificate" if root else "certificate"
    results_console().print(
        f"the next {what} made, and tried; to be followed by the next by {made.due:%Y-%m-%d}"
    )


def _prove(settings: SealSettings) -> None:
    """Try what was made here, whatever the settings name in its place."""
    Seal(SealSettings(settings.data_dir))


def _export_root(settings: SealSettings) -> None:
    roots = trusted_roots(settings)
    if roots is None:
        raise CommandError("there is no root yet: `seedbed provenance init` makes one")
    sys.stdout.write(roots)


def _status(settings: SealSettings, as_json: bool) -> None:
    told = _told(settings)
    if as_json:
        print_json(told)
        return
    print_table(("what", "value"), [(name, _shown(value)) for name, value in told.items()])


def _told(settings: SealSettings) -> dict[str, Any]:
    """Look, and change nothing."""
    certificates, brought = Certificates(settings.data_dir), settings.brought
    if brought is None and not certificates.made:
        return {"initialised": False, "seals": False, "warning": None}
    found = certificates.read() if brought is None else read_brought(*brought)
    roots = {
        fingerprint(root): f"{root.not_valid_after_utc:%Y-%m-%d}" for root in certificates.roots()
    }
    return {
        "initialised": True,
        "seals": settings.wanted != "off",
        "organisation": found.organisation,
        "certificates": str(certificates.folder if brought is None else brought[0]),
        "made": _written(found.begins),
        "next_due": _written(found.due),
        "days_left": int(found.days_left(_now())),
        "believed_until": _written(found.ends),
        "renews_itself": found.renewable,
        "roots": roots,
        "time_stamps": settings.time_stamps,
        "warning": warning_of(found, _now()),
    }


def _selftest(settings: SealSettings) -> None:
    Seal(settings)
    results_console().print("a PNG, a JPEG and a WebP were sealed, read back and are trusted")


def _show(settings: SealSettings, file: Path, as_json: bool) -> None:
    try:
        with file.open("rb") as opened:
            manifest = opened.read(_MOST_BYTES)
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}") from error
    found = read_manifest(manifest, trusted_roots(settings))
    if found.status == "absent" or not manifest[4:].startswith(b"jumb"):
        raise CommandError(
            f"{file} is no manifest: `seedbed watermark verify --manifest` writes one, and "
            "`seedbed watermark verify` reads those that are in pictures"
        )
    told = asdict(found)
    if as_json:
        print_json(told)
        return
    print_table(("what", "value"), [(name, _shown(value)) for name, value in told.items()])


def _written(when: dt.datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} (until {until})" for name, until in value.items()) or "-"
    return "-" if value is None else str(value)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


_COMMANDS: Mapping[str, Callable[..., None]] = {
    "init": _init,
    "renew": _renew,
    "export-root": _export_root,
    "status": _status,
    "selftest": _selftest,
    "show": _show,
}
