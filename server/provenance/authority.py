"""Makes the certificates of a site: a root that vouches, and leaves that seal. Knows no disk.

Rule 1: a leaf seals for one year and is valid for ten. Readers ask whether a certificate is valid
today, not whether it was when it signed, unless a time stamp server vouches for that: a picture
would have broken credentials the day after its leaf's last.
Rule 2: so a root vouches for ten years and is valid for twenty.
"""

import datetime as dt
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

SEALS_DAYS = 365
LEAF_DAYS = 3650
ROOT_DAYS = 7300
NAME_LETTERS = 64
"""Source: RFC 5280, upper bound of organizationName."""

Pair: TypeAlias = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
"""A certificate and its key."""

_CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
"""Signing of C2PA claims. Alone it is not enough for readers; with emailProtection it is."""
_SKEW = dt.timedelta(minutes=5)


def make_root(organisation: str, now: dt.datetime) -> Pair:
    """Make a root that may vouch for leaves, not for other authorities."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(organisation, "seedbed root")
    builder = _builder(name, name, key, now, now + dt.timedelta(days=ROOT_DAYS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    builder = builder.add_extension(_vouched_by(key), critical=False)
    return builder.sign(key, hashes.SHA256()), key


def make_leaf(
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    subject: x509.Name | None = None,
) -> Pair:
    """Make a leaf of the root's own organisation, or of somebody else.

    Without any of its extensions the library refuses to sign.
    Source: C2PA 2.4, certificate profile.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    ends = min(root.not_valid_after_utc, now + dt.timedelta(days=LEAF_DAYS))
    name = _name(organisation_of(root), "seedbed signer") if subject is None else subject
    builder = _builder(name, root.subject, key, now, ends)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(_usage(authority=False), critical=True)
    builder = builder.add_extension(_vouched_by(root_key), critical=False)
    uses = [ExtendedKeyUsageOID.EMAIL_PROTECTION, _CLAIM_SIGNING]
    builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    return builder.sign(root_key, hashes.SHA256()), key


def organisation_of(certificate: x509.Certificate) -> str:
    """What readers show as the signer; empty where it names none."""
    named = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(named[0].value) if named else ""


def fit(certificate: x509.Certificate, key: PrivateKeyTypes) -> bool:
    """Whether the key is the certificate's."""
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return certificate.public_key().public_bytes(*form) == key.public_key().public_bytes(*form)


def fingerprint(certificate: x509.Certificate) -> str:
    """What people compare by telephone: the SHA-256 of the certificate, in pairs."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    ends: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _vouched_by(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


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
