"""Seals this site's files: finds the certificates, proves that they work, renews them in time.

Rule 1: nothing is sealed before a picture of each format was sealed, read back and trusted.
Rule 2: a leaf of our own root is renewed by itself; of every other the end is warned of.
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np

from pipelines.post.encode import MEDIA_TYPES, Format, encode
from pipelines.provenance.credentials import (
    Claim,
    SealingFailed,
    Signed,
    Signer,
    read_credentials,
)
from server.provenance.authority import organisation_of
from server.provenance.certificates import Certificates, Credentials, read_brought
from server.terminal import CommandError

WARN_DAYS = 30
"""So many days before it is due a leaf is renewed, or its end is warned of."""
_PROBE_ID = "0000000000000000"
_THUMBNAIL = b"c2pa.thumbnail"
"""What boxes of thumbnails are called. One would add 140 kB to a picture of a megapixel."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SealSettings:
    """What the settings say of content credentials."""

    data_dir: Path
    wanted: Literal["auto", "on", "off"] = "auto"
    """auto seals where there are certificates."""
    chain: Path | None = None
    key: Path | None = None
    time_stamps: str | None = None

    @property
    def brought(self) -> tuple[Path, Path] | None:
        """Chain and key that the site brings. Raises: CommandError: only one of them is named."""
        if (self.chain is None) != (self.key is None):
            raise CommandError("credentials_chain and credentials_key belong together: name both")
        return None if self.chain is None or self.key is None else (self.chain, self.key)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a site believes, sealing or not."""

    anchors: str | None
    """PEM of roots."""
    signers: frozenset[str] | None = None
    """Of those under the roots, only these organisations; None believes all of them.

    Whoever sold a site its certificate vouches for others too.
    """


class Seal:
    """The signer of the day, and the roots that this site trusts."""

    def __init__(
        self,
        settings: SealSettings,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Raises: CommandError: the certificates cannot be used."""
        self._settings = settings
        self._now = now
        self._certificates = Certificates(settings.data_dir)
        self._credentials = self._read()
        self._signer = self._proved(self._credentials)
        self._warned: dt.date | None = None

    @property
    def credentials(self) -> Credentials:
        """What it seals with."""
        return self._credentials

    @property
    def anchors(self) -> str:
        """PEM of all roots that are trusted here."""
        return self._credentials.anchors

    @property
    def warning(self) -> str | None:
        """What an operator should see to, if there is anything."""
        return warning_of(self._credentials, self._now())

    def sign(self, data: bytes, format: Format, claim: Claim) -> Signed:  # noqa: A002 - the API's own word
        """Seal a file. Raises: SealingFailed."""
        return self._signer.sign(data, format, claim)

    def look_after(self) -> None:
        """Take what somebody has renewed, renew what is due, warn of what cannot be once a day.

        Called at the start and every hour; never raises.
        """
        try:
            found = self._read()
            if found.renewable and found.days_left(self._now()) < WARN_DAYS:
                found = self._certificates.renew(self._now())
                _log.info("the next certificate of content credentials was made")
            if found.chain != self._credentials.chain:
                self._signer = self._proved(found)
            self._credentials = found
        except (CommandError, OSError) as error:
            _log.error("the certificate of content credentials cannot be replaced: %s", error)
        today = self._now().date()
        if self.warning is not None and self._warned != today:
            _log.warning("%s", self.warning)
            self._warned = today

    def _read(self) -> Credentials:
        """Raises: CommandError: there are none, or today is not one of their days."""
        now, brought = self._now(), self._settings.brought
        found = self._certificates.read() if brought is None else self._brought(*brought)
        if found.renewable and now >= found.ends:
            return self._certificates.renew(now)
        if not found.begins <= now < found.ends:
            raise CommandError(
                f"the certificate of content credentials is valid from {found.begins:%Y-%m-%d} to "
                f"{found.ends:%Y-%m-%d} only: "
                + (
                    f"bring another into {self._settings.chain}"
                    if found.brought
                    else "bring the root's key back and run `seedbed provenance renew`"
                )
            )
        return found

    def _brought(self, chain: Path, key: Path) -> Credentials:
        """What the site made before stays trusted."""
        found = read_brought(chain, key)
        return replace(found, anchors=found.anchors + self._certificates.anchors())

    def _proved(self, credentials: Credentials) -> Signer:
        try:
            signer = Signer(
                credentials.chain, credentials.key, credentials.anchors, self._settings.time_stamps
            )
            for form in MEDIA_TYPES:
                prove(signer, form, credentials.anchors)
        except SealingFailed as error:
            raise CommandError(f"content credentials cannot be made: {error}") from error
        return signer


def open_seal(settings: SealSettings) -> Seal | None:
    """The seal of a site; None where it has none or wants none.

    Raises: CommandError: it is wanted and cannot be had, or half of a pair is named.
    """
    there = settings.brought is not None or Certificates(settings.data_dir).made
    if settings.wanted == "off" or (settings.wanted == "auto" and not there):
        return None
    seal = Seal(settings)
    seal.look_after()
    return seal


def trust_of(settings: SealSettings) -> Trust:
    """Whom a site believes. Raises: CommandError: a certificate is damaged, or does not fit."""
    roots = Certificates(settings.data_dir)
    if settings.brought is None:
        return Trust(roots.anchors() or None)
    brought = read_brought(*settings.brought)
    own = frozenset(map(organisation_of, roots.roots()))
    return Trust(brought.anchors + roots.anchors(), own | {brought.organisation})


def trusted_roots(settings: SealSettings) -> str | None:
    """PEM of the roots that a site's seals lead to; None when there are none."""
    return trust_of(settings).anchors


def warning_of(credentials: Credentials, now: dt.datetime) -> str | None:
    """Say what ends soon, where nothing renews it by itself."""
    left = credentials.days_left(now)
    if credentials.renewable or left >= WARN_DAYS:
        return None
    if credentials.brought:
        return f"the certificate of content credentials ends in {left:.0f} days: bring the next"
    return (
        f"the certificate of content credentials should be followed by the next by "
        f"{credentials.due:%Y-%m-%d}, and the root's key is not here: bring it back and run "
        "`seedbed provenance renew`"
    )


def prove(signer: Signer, form: Format, anchors: str) -> None:
    """Seal a picture and read it back. The library says nothing of settings that it does not know.

    Raises: SealingFailed.
    """
    plain = encode(np.zeros((16, 16, 3), np.uint8), form)
    claim = Claim(_PROBE_ID, "none", metadata.version("seedbed"), marked=True)
    sealed = signer.sign(plain, form, claim)
    found = read_credentials(sealed.data, form, anchors)
    if found.status != "trusted" or found.soft_bindings != (_PROBE_ID,):
        why = ", ".join(found.failures) or "its chain does not lead to a trusted root"
        raise SealingFailed(f"a {form} that was sealed to try it reads as {found.status}: {why}")
    if _THUMBNAIL in sealed.manifest:
        raise SealingFailed("the library makes thumbnails, though it was told not to")
