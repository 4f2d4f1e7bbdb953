"""The site's certificates: a root that vouches, a leaf that seals, both made on this machine.

Rule 1: a key never leaves the folder `credentials` of the data folder, and only its owner reads it.
Rule 2: what was made is never overwritten: a renewal stands beside it, old roots stay anchors.
Rule 3: chain and key of the leaf are one file that is replaced at once, so they always fit.
A site may bring a chain and a key of its own instead. What they seal is `pipelines.provenance`'s.
"""

import datetime as dt
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from server.store.secret_file import sync_folder
from server.terminal import CommandError

ROOT_DAYS = 3650
LEAF_DAYS = 365
RENEW_DAYS = 30
"""So many days before its end a leaf is renewed, or its end is warned of."""

_FOLDER = "credentials"
_LEAF = "leaf.pem"
_ROOT_KEY = "key-of-root.pem"
_ROOTS = "root-[0-9]*.pem"
_CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
"""Signing of C2PA claims. Alone it is not enough for readers; with emailProtection it is."""
_SKEW = dt.timedelta(minutes=5)
_NAME_LETTERS = 64
"""Source: RFC 5280, upper bound of organizationName."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What sealing needs. Everything is PEM."""

    chain: str
    key: str = field(repr=False)
    anchors: str
    """Whom this site trusts: its own roots, old ones too, or what stands above its own chain."""
    ends: dt.datetime
    """When the leaf ends."""
    organisation: str
    renewable: bool
    """Whether this machine can make the next leaf by itself."""

    def days_left(self, now: dt.datetime) -> float:
        return (self.ends - now) / dt.timedelta(days=1)


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
        if self.made:
            raise CommandError(
                f"{self.folder} has certificates already: `seedbed provenance renew` makes the "
                "next leaf, `renew --root` the next root"
            )
        self._make_root(organisation, now)
        return self.renew(now)

    def renew(self, now: dt.datetime) -> Credentials:
        """Make the next leaf under the newest root. Raises: CommandError: its key is not here."""
        root, key = self._newest_root()
        if not root.not_valid_before_utc <= now < root.not_valid_after_utc:
            raise CommandError(
                f"the root ended on {root.not_valid_after_utc:%Y-%m-%d}: make the next one with "
                "`seedbed provenance renew --root`"
            )
        leaf, leaf_key = _leaf(root, key, now)
        text = _pem(leaf) + _pem(root) + _private(leaf_key)
        self._write(_LEAF, text)
        return self.read()

    def renew_root(self, now: dt.datetime) -> Credentials:
        """Make another root, and a leaf under it; the old roots stay anchors.

        Raises: CommandError.
        """
        self._make_root(self.read().organisation, now)
        return self.renew(now)

    def read(self) -> Credentials:
        """Read what is there. Raises: CommandError: nothing is, or it is damaged."""
        text = _read(self.folder / _LEAF)
        chain, _, key = text.partition("-----BEGIN PRIVATE KEY-----")
        try:
            leaf = x509.load_pem_x509_certificates(chain.encode())[0]
        except ValueError as error:
            raise CommandError(f"{self.folder / _LEAF} is damaged: {error}") from error
        return Credentials(
            chain=chain,
            key=f"-----BEGIN PRIVATE KEY-----{key}",
            anchors=self.anchors(),
            ends=leaf.not_valid_after_utc,
            organisation=_organisation(leaf),
            renewable=(self.folder / _ROOT_KEY).exists(),
        )

    def anchors(self) -> str:
        """Every root there ever was, the newest first; nothing where there is none."""
        return "".join(_read(path) for path in sorted(self.folder.glob(_ROOTS), reverse=True))

    def _newest_root(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        newest = max(self.folder.glob(_ROOTS), default=None)
        key_file = self.folder / _ROOT_KEY
        if newest is None:
            raise CommandError("there is no root yet: `seedbed provenance init` makes one")
        if not key_file.exists():
            raise CommandError(
                f"the key of the root is not in {key_file}: bring it back for a moment, or make "
                "another root with `seedbed provenance renew --root`"
            )
        root = x509.load_pem_x509_certificate(_read(newest).encode())
        key = load_pem_private_key(_read(key_file).encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not _fit(root, key):
            raise CommandError(f"{key_file} is not the key of {newest.name}")
        return root, key

    def _make_root(self, organisation: str, now: dt.datetime) -> None:
        number = 1 + sum(1 for _ in self.folder.glob(_ROOTS))
        root, key = _root(organisation, now)
        # The key first: a root without its key could never be used.
        self._write(_ROOT_KEY, _private(key))
        self._write(f"root-{number:04d}.pem", _pem(root))

    def _write(self, name: str, text: str) -> None:
        """Replace a file durably, readable to its owner only."""
        temporary = self.folder / f".{name}.{secrets.token_hex(8)}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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


def read_own(chain_file: Path, key_file: Path, now: dt.datetime) -> Credentials:
    """Read a chain and a key that the site brings. Raises: CommandError: they do not fit, or ended.

    The library would seal with a key that is not the certificate's, and every reader would say
    that the file was changed.
    """
    chain, text = _read(chain_file), _read(key_file)
    try:
        leaf, *above = x509.load_pem_x509_certificates(chain.encode())
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError) as error:
        raise CommandError(f"{chain_file} or {key_file} cannot be read: {error}") from error
    if not _fit(leaf, key):
        raise CommandError(f"{key_file} is not the key of the first certificate in {chain_file}")
    if now >= leaf.not_valid_after_utc:
        raise CommandError(
            f"the certificate in {chain_file} ended on {leaf.not_valid_after_utc:%Y-%m-%d}"
        )
    anchors = "".join(_pem(one) for one in above[-1:]) or chain
    return Credentials(chain, text, anchors, leaf.not_valid_after_utc, _organisation(leaf), False)


def _root(
    organisation: str, now: dt.datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(organisation, "seedbed root")
    builder = _builder(name, name, key, now, ROOT_DAYS).add_extension(
        x509.BasicConstraints(ca=True, path_length=1), critical=True
    )
    builder = builder.add_extension(_usage(authority=True), critical=True).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
    )
    return builder.sign(key, hashes.SHA256()), key


def _leaf(
    root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, now: dt.datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Every extension is needed: without one of them the library refuses to sign.

    Source: C2PA 2.4, certificate profile.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    left = (root.not_valid_after_utc - now).days
    name = _name(_organisation(root), "seedbed signer")
    builder = _builder(name, root.subject, key, now, min(LEAF_DAYS, left)).add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(_usage(authority=False), critical=True).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
    )
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, _CLAIM_SIGNING]),
        critical=False,
    )
    return builder.sign(root_key, hashes.SHA256()), key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(organisation: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _organisation(certificate: x509.Certificate) -> str:
    named = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(named[0].value) if named else certificate.subject.rfc4514_string()


def _fit(certificate: x509.Certificate, key: PrivateKeyTypes) -> bool:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return certificate.public_key().public_bytes(*form) == key.public_key().public_bytes(*form)


def _check_name(organisation: str) -> None:
    if not organisation.strip() or len(organisation) > _NAME_LETTERS:
        raise CommandError(
            f"the organisation must have 1 to {_NAME_LETTERS} characters: it is what readers of "
            "credentials show as the signer"
        )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not PEM"
        raise CommandError(f"cannot read {path}: {reason}") from error
