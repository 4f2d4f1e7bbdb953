"""Seals this site's files: finds the certificates, proves that they work, renews them in time.

Rule 1: nothing is sealed before a picture of each format was sealed, read back and trusted.
Rule 2: a leaf of our own root is renewed by itself; of every other the end is warned of.
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
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
from server.provenance.certificates import RENEW_DAYS, Certificates, Credentials, read_own
from server.terminal import CommandError

_PROBE_ID = "0000000000000000"
_MOST_ADDED = 30_000
"""A thumbnail would add 140 kB."""

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

    @property
    def credentials(self) -> Credentials:
        """What it seals with."""
        return self._credentials

    @property
    def anchors(self) -> str:
        """PEM of all roots that are trusted here."""
        return self._credentials.anchors

    def sign(self, data: bytes, format: Format, claim: Claim) -> Signed:  # noqa: A002 - the API's own word
        """Seal a file. Raises: SealingFailed."""
        return self._signer.sign(data, format, claim)

    def look_after(self) -> None:
        """Renew what ends soon, or warn of it. Called at the start and once a day; never raises."""
        left = self._credentials.days_left(self._now())
        if left >= RENEW_DAYS:
            return
        if not self._credentials.renewable:
            _log.warning("the certificate of content credentials ends in %.0f days", left)
            return
        try:
            renewed = self._certificates.renew(self._now())
            self._signer, self._credentials = self._proved(renewed), renewed
        except CommandError as error:
            _log.error("the certificate of content credentials could not be renewed: %s", error)
            return
        _log.info(
            "the certificate of content credentials was renewed until %s", renewed.ends.date()
        )

    def _read(self) -> Credentials:
        chain, key = self._settings.chain, self._settings.key
        if chain is not None and key is not None:
            return read_own(chain, key, self._now())
        found = self._certificates.read()
        if found.days_left(self._now()) > 0:
            return found
        if not found.renewable:
            raise CommandError(
                f"the certificate of content credentials ended on {found.ends:%Y-%m-%d}, and the "
                "root's key is not here: bring it back and run `seedbed provenance renew`"
            )
        return self._certificates.renew(self._now())

    def _proved(self, credentials: Credentials) -> Signer:
        try:
            signer = Signer(
                credentials.chain, credentials.key, credentials.anchors, self._settings.time_stamps
            )
            for form in MEDIA_TYPES:
                _prove(signer, form, credentials.anchors)
        except SealingFailed as error:
            raise CommandError(f"content credentials cannot be made: {error}") from error
        return signer


def open_seal(settings: SealSettings) -> Seal | None:
    """The seal of a site; None where it has none or wants none.

    Raises: CommandError: it is wanted and cannot be had, or half of a pair is named.
    """
    if (settings.chain is None) != (settings.key is None):
        raise CommandError("credentials_chain and credentials_key belong together: name both")
    if settings.wanted == "off":
        return None
    there = settings.chain is not None or Certificates(settings.data_dir).made
    if not there and settings.wanted == "auto":
        return None
    if not there:
        raise CommandError(
            "content_credentials is on, and there are no certificates: `seedbed provenance init` "
            "makes them"
        )
    seal = Seal(settings)
    seal.look_after()
    return seal


def trusted_roots(settings: SealSettings) -> str | None:
    """PEM of whom this site trusts, sealing or not; None when there is nobody."""
    if settings.chain is not None and settings.key is not None:
        return read_own(settings.chain, settings.key, dt.datetime.now(dt.UTC)).anchors
    return Certificates(settings.data_dir).anchors() or None


def _prove(signer: Signer, form: Format, anchors: str) -> None:
    """Seal a picture and read it back. The library says nothing of settings that it does not know.

    Raises: SealingFailed.
    """
    plain = encode(np.zeros((16, 16, 3), np.uint8), form)
    claim = Claim(_PROBE_ID, "none", metadata.version("seedbed"), marked=True)
    sealed = signer.sign(plain, form, claim).data
    found = read_credentials(sealed, form, anchors)
    if found.status != "trusted" or found.soft_bindings != (_PROBE_ID,):
        why = ", ".join(found.failures) or "its chain does not lead to a trusted root"
        raise SealingFailed(f"a {form} that was sealed to try it reads as {found.status}: {why}")
    if len(sealed) - len(plain) > _MOST_ADDED:
        raise SealingFailed(f"sealing a {form} adds {len(sealed) - len(plain)} bytes, far too many")
