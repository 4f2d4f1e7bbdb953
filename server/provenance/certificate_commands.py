"""What is behind `seedbed provenance ...`: makes certificates, shows and tries them."""

import datetime as dt
import sys
from collections.abc import Callable, Mapping
from typing import Any

from server.provenance.certificates import Certificates, Credentials
from server.provenance.seal import Seal, SealSettings, trusted_roots
from server.settings import Settings
from server.terminal import CommandError, results_console
from server.weights.showing import print_json, print_table


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
    made = certificates.make(organisation, _now())
    Seal(settings)
    console = results_console()
    console.print(f"made in {certificates.folder}, tried, and good until {made.ends:%Y-%m-%d}")
    console.print(
        "from its next start on the server signs every picture; `seedbed provenance export-root` "
        "prints what others need to trust them",
        markup=False,
    )


def _renew(settings: SealSettings, root: bool) -> None:
    certificates = Certificates(settings.data_dir)
    made = certificates.renew_root(_now()) if root else certificates.renew(_now())
    Seal(settings)
    what = "root and certificate" if root else "certificate"
    results_console().print(f"next {what} made, tried, and good until {made.ends:%Y-%m-%d}")


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
    certificates = Certificates(settings.data_dir)
    own = settings.chain is not None and settings.key is not None
    if not own and not certificates.made:
        return {"initialised": False, "signs": settings.wanted == "on"}
    seal = Seal(settings)
    found: Credentials = seal.credentials
    return {
        "initialised": True,
        "signs": settings.wanted != "off",
        "organisation": found.organisation,
        "certificates": str(settings.chain if own else certificates.folder),
        "ends": f"{found.ends:%Y-%m-%dT%H:%M:%SZ}",
        "days_left": int(found.days_left(_now())),
        "renews_itself": found.renewable,
        "time_stamps": settings.time_stamps,
    }


def _selftest(settings: SealSettings) -> None:
    Seal(settings)
    results_console().print("a PNG, a JPEG and a WebP were signed, read back and are trusted")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


_COMMANDS: Mapping[str, Callable[..., None]] = {
    "init": _init,
    "renew": _renew,
    "export-root": _export_root,
    "status": _status,
    "selftest": _selftest,
}
