"""The site's certificates on the disk: roots, the newest root's key, the leaf that seals.

Rule 1: a key never leaves the folder `credentials` of the data folder, and only its owner reads it.
Rule 2: no root is ever overwritten: those of before stay trusted. Keys that have been followed by
others are taken off the disk: nobody needs them, and nobody can take them then.
Rule 3: chain and key of the leaf are one file that is replaced at once, so they always fit. The
key of a root is on the disk before the root is.
A site may bring a chain and a key of its own instead. What they seal is `pipelines.provenance`'s.
"""

import datetime as dt
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from filelock import FileLock

from server.provenance.authority import (
    NAME_LETTERS,
    SEALS_DAYS,
    fit,
    make_leaf,
    make_root,
    organisation_of,
    pem,
    private_pem,
)
from server.store.secret_file import sync_folder
from server.terminal import CommandError

_FOLDER = "credentials"
_LEAF = "leaf.pem"
_LOCK = ".lock"
_ROOT = re.compile(r"root-([0-9]{4})\.pem")
_KEY_BEGINS = "-----BEGIN PRIVATE KEY-----"
_SEALS = dt.timedelta(days=SEALS_DAYS)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What sealing needs. Everything is PEM."""

    chain: str
    key: str = field(repr=False)
    anchors: str
    """Whom this site trusts: its own roots, old ones too, and what stands above its own chain."""
    begins: dt.datetime
    ends: dt.datetime
    """When readers stop to believe the leaf, and what it sealed without a time stamp."""
    organisation: str
    brought: bool = False
    """Whether the site brought it. Else it was made here, to be followed by the next in time."""
    renewable: bool = False
    """Whether this machine can make the next leaf by itself."""

    @property
    def due(self) -> dt.datetime:
        """When it should have been followed by the next."""
        return self.ends if self.brought else min(self.ends, self.begins + _SEALS)

    def days_left(self, now: dt.datetime) -> float:
        """Until it is due."""
        return (self.due - now) / dt.timedelta(days=1)


class Certificates:
    """The folder of roots, keys and the leaf."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / _FOLDER

    @property
    def made(self) -> bool:
        """Whether `make` was ever called here."""
        return (self.folder / _LEAF).exists()

    def make(self, organisation: str, now: dt.datetime) -> Credentials:
        """Make a root and a leaf. Raises: CommandError: there are some, or the disk refuses."""
        _check_name(organisation)
        with self._alone():
            if self.made:
                raise CommandError(
                    f"{self.folder} has certificates already: `seedbed provenance renew` makes the "
                    "next leaf, `renew --root` the next root"
                )
            self._make_root(organisation, now)
            return self._make_leaf(now)

    def renew(self, now: dt.datetime) -> Credentials:
        """Make the next leaf under the newest root. Raises: CommandError: its key is not here."""
        with self._alone():
            return self._make_leaf(now)

    def renew_root(self, now: dt.datetime) -> Credentials:
        """Make another root, and a leaf under it; the old roots stay anchors.

        Raises: CommandError.
        """
        with self._alone():
            organisation = self.read().organisation
            before = self._newest()
            self._make_root(organisation, now)
            made = self._make_leaf(now)
            _key_of(before).unlink(missing_ok=True)
            return made

    def read(self) -> Credentials:
        """Read what is there. Raises: CommandError: nothing is, or it is damaged."""
        file = self.folder / _LEAF
        if not file.exists():
            raise CommandError(
                f"{self.folder} has no certificates: `seedbed provenance init` makes them"
            )
        chain, begins, key = _read(file).partition(_KEY_BEGINS)
        leaf = _certificates(chain, file)[0]
        return Credentials(
            chain=chain,
            key=begins + key,
            anchors=self.anchors(),
            begins=leaf.not_valid_before_utc,
            ends=leaf.not_valid_after_utc,
            organisation=organisation_of(leaf),
            renewable=_key_of(self._newest()).exists(),
        )

    def anchors(self) -> str:
        """Every root there ever was, the newest first; nothing where there is none."""
        return "".join(pem(root) for root in self.roots())

    def roots(self) -> list[x509.Certificate]:
        """The same as certificates. Raises: CommandError: one is damaged."""
        paths = sorted(self._root_files(), reverse=True)
        return [_certificates(_read(path), path)[0] for path in paths]

    def _root_files(self) -> list[Path]:
        return [path for path in self.folder.glob("root-*.pem") if _ROOT.fullmatch(path.name)]

    def _newest(self) -> Path:
        newest = max(self._root_files(), default=None)
        if newest is None:
            raise CommandError(f"{self.folder} has no root: bring it back from a backup")
        return newest

    def _make_leaf(self, now: dt.datetime) -> Credentials:
        newest = self._newest()
        root = _certificates(_read(newest), newest)[0]
        key = _root_key(newest, root)
        if not root.not_valid_before_utc <= now < root.not_valid_after_utc:
            raise CommandError(
                f"the root ended on {root.not_valid_after_utc:%Y-%m-%d}: make the next one with "
                "`seedbed provenance renew --root`"
            )
        leaf, leaf_key = make_leaf(root, key, now)
        self._write(_LEAF, pem(leaf) + pem(root) + private_pem(leaf_key))
        return self.read()

    def _make_root(self, organisation: str, now: dt.datetime) -> None:
        last = max(self._root_files(), default=None)
        number = 1 if last is None else 1 + int(last.stem.removeprefix("root-"))
        root, key = make_root(organisation, now)
        name = f"root-{number:04d}.pem"
        self._write(_key_of(Path(name)).name, private_pem(key))
        self._write(name, pem(root))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other process make anything meanwhile."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            held = FileLock(self.folder / _LOCK, mode=0o600).acquire()
        except OSError as error:
            raise CommandError(f"cannot write into {self.folder}: {error.strerror}") from error
        with held:
            for unfinished in self.folder.glob(".*.tmp"):
                unfinished.unlink()
            yield

    def _write(self, name: str, text: str) -> None:
        """Replace a file durably, readable to its owner only."""
        temporary = self.folder / f".{name}.{secrets.token_hex(8)}.tmp"
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / name)
            sync_folder(self.folder)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise CommandError(f"cannot write {self.folder / name}: {error.strerror}") from error


def read_brought(chain_file: Path, key_file: Path) -> Credentials:
    """Read a chain and a key that the site brings. Raises: CommandError: they do not fit.

    The library would seal with a key that is not the certificate's, and every reader would say
    that the file was changed.
    """
    chain, text = _read(chain_file), _read(key_file)
    leaf, *above = _certificates(chain, chain_file)
    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError) as error:
        raise CommandError(
            f"{key_file} has no private key in PEM without a password: {error}"
        ) from error
    if not fit(leaf, key):
        raise CommandError(f"{key_file} is not the key of the first certificate in {chain_file}")
    if not organisation_of(leaf):
        raise CommandError(f"{chain_file} names no organisation: readers would show no signer")
    return Credentials(
        chain=chain,
        key=text,
        anchors="".join(map(pem, above[-1:])) or chain,
        begins=leaf.not_valid_before_utc,
        ends=leaf.not_valid_after_utc,
        organisation=organisation_of(leaf),
        brought=True,
    )


def _root_key(root_file: Path, root: x509.Certificate) -> ec.EllipticCurvePrivateKey:
    file = _key_of(root_file)
    if not file.exists():
        raise CommandError(
            f"the key of the root is not in {file}: bring it back for a moment, or make another "
            "root with `seedbed provenance renew --root`"
        )
    try:
        key = load_pem_private_key(_read(file).encode(), None)
    except (ValueError, TypeError) as error:
        raise CommandError(f"{file} is damaged: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not fit(root, key):
        raise CommandError(f"{file} is not the key of {root_file.name}")
    return key


def _key_of(root_file: Path) -> Path:
    return root_file.with_suffix(".key")


def _certificates(text: str, file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise CommandError(f"{file} has no certificates in PEM: {error}") from error


def _check_name(organisation: str) -> None:
    long = len(organisation) > NAME_LETTERS
    if not organisation.strip() or long or not organisation.isprintable():
        raise CommandError(
            f"the organisation must have 1 to {NAME_LETTERS} characters that can be printed: it is "
            "what readers of credentials show as the signer"
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not PEM"
        raise CommandError(f"cannot read {path}: {reason}") from error
