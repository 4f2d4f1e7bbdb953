"""Seals a finished file with content credentials (C2PA), and reads those that a file has.

Sealing is the last thing that may happen to a file: every later byte breaks it. Nothing here goes
to the network: neither manifests nor revocation lists are fetched, and a time stamp is asked for
only where an address is given. Knows no data folder and no settings.

Source: C2PA 2.4; the certificate's profile and what the library leaves unsaid were found by trial.
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import c2pa
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pipelines.post.encode import MEDIA_TYPES, Format
from pipelines.provenance.seal_limits import seal_fault
from pipelines.provenance.seal_reading import (
    BINDING,
    CredentialsFound,
    short,
    understood,
    understood_alone,
)
from pipelines.provenance.xmp import DRAWN, EDITED, SOURCE_TYPES

_GENERATOR = "seedbed"
_BOX = b"jumb"
"""The type of the boxes that credentials are in. Source: ISO 19566-5."""
_MOST_BYTES = 2**20
"""Of a manifest with those that it takes over: it goes into the file, and into the registry."""
_ELSEWHERE = "Remote:"
"""How the library's error begins where a file only names the address of its credentials."""


class SealingFailed(Exception):
    """The library refused a chain, a key or a file, and why."""


@dataclass(frozen=True, slots=True)
class Source:
    """A picture that an edit began from."""

    data: bytes = field(repr=False)
    media_type: str
    title: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What is sealed: who drew it with what, and whether its pixels bear the id."""

    id: str
    """16 hexadecimal digits."""
    model: str
    """What drew it."""
    version: str
    """Of seedbed."""
    marked: bool
    """Whether the invisible mark is in the pixels."""
    sources: tuple[Source, ...] = ()
    """What it began from: the first was edited, the others were looked at."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A sealed file, and the manifest in it once more, to be kept."""

    data: bytes = field(repr=False)
    manifest: bytes = field(repr=False)


class Signer:
    """Seals with one key. Any number of threads may use it at once."""

    def __init__(self, chain: str, key: str, anchors: str, time_stamps: str | None = None) -> None:
        """Everything is PEM: the leaf first in the chain, then those who vouch for it.

        Raises: SealingFailed: when the key cannot be used.
        """
        self._context = _context(anchors)
        info = c2pa.C2paSignerInfo(_algorithm(key), chain.encode(), key.encode(), _url(time_stamps))
        try:
            self._signer = c2pa.Signer.from_info(info)
        except c2pa.C2paError as error:
            raise SealingFailed(f"the certificate and its key cannot sign: {error}") from error

    def sign(self, data: bytes, format: Format, claim: Claim) -> Signed:  # noqa: A002 - the API's own word
        """Seal a file. The bytes differ each time: the library salts every assertion.

        Sources that the library cannot read, or whose own credentials are too long, are left out;
        that it is an edit is said all the same.

        Raises: SealingFailed.
        """
        sources = [one for one in claim.sources if _usable(one, self._context)]
        sealed = self._seal(data, format, claim, sources)
        if sources and len(sealed.manifest) > _MOST_BYTES:
            return self._seal(data, format, claim, [])
        return sealed

    def _seal(
        self,
        data: bytes,
        format: Format,  # noqa: A002 - the API's own word
        claim: Claim,
        sources: Sequence[Source],
    ) -> Signed:
        sealed = io.BytesIO()
        manifest = json.dumps(_manifest(claim, bool(sources)))
        try:
            with c2pa.Builder.from_json(manifest, context=self._context) as builder:
                _name_sources(builder, sources)
                kept = builder.sign(self._signer, MEDIA_TYPES[format], io.BytesIO(data), sealed)
        except c2pa.C2paError as error:
            raise SealingFailed(f"the file could not be sealed: {error}") from error
        return Signed(sealed.getvalue(), bytes(kept))


def read_credentials(data: bytes, format: str, anchors: str | None) -> CredentialsFound:  # noqa: A002 - the API's own word
    """Read the credentials in a file, whatever it is; only signers under the anchors are trusted.

    `format` is the second half of the media type. Never raises for what a file holds.
    """
    if _BOX not in data:
        return CredentialsFound("absent")
    fault = seal_fault(data)
    if fault is not None:
        return CredentialsFound("invalid", failures=(fault,))
    return _read(data, f"image/{format}", anchors, understood)


def read_manifest(manifest: bytes, anchors: str | None) -> CredentialsFound:
    """Read credentials that are in no file, as `Signed.manifest` and the registry have them.

    The status is theirs alone: which picture they belong to is not known here.
    """
    fault = seal_fault(manifest)
    if fault is not None:
        return CredentialsFound("invalid", failures=(fault,))
    return _read(manifest, "application/c2pa", anchors, understood_alone)


def _read(
    data: bytes, media_type: str, anchors: str | None, understand: Callable[[Any], CredentialsFound]
) -> CredentialsFound:
    try:
        reader = c2pa.Reader.try_create(media_type, io.BytesIO(data), context=_context(anchors))
        if reader is None:
            return CredentialsFound("absent")
        with reader:
            told = json.loads(reader.json())
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        if str(error).startswith(_ELSEWHERE):
            return CredentialsFound("absent", failures=("they lie elsewhere: not fetched",))
        return CredentialsFound("invalid", failures=(short(str(error)),))
    return understand(told)


def _manifest(claim: Claim, names_sources: bool) -> dict[str, Any]:
    """In the library's words. No time: without a time stamp nobody could trust it."""
    made = {
        "action": "c2pa.edited" if names_sources else "c2pa.created",
        "digitalSourceType": SOURCE_TYPES + (EDITED if claim.sources else DRAWN),
        "softwareAgent": {"name": claim.model},
    }
    actions: list[dict[str, Any]] = [made]
    assertions: list[dict[str, Any]] = [
        {"label": "c2pa.actions.v2", "data": {"actions": actions}},
    ]
    if claim.marked:
        # One without the other is an error.
        actions.append({"action": "c2pa.watermarked.bound"})
        blocks = [{"scope": {}, "value": claim.id}]
        binding = {"label": "c2pa.soft-binding", "data": {"alg": BINDING, "blocks": blocks}}
        assertions.append(binding)
    return {
        "claim_generator_info": [{"name": _GENERATOR, "version": claim.version}],
        "title": claim.id,
        "assertions": assertions,
    }


def _name_sources(builder: c2pa.Builder, sources: Sequence[Source]) -> None:
    """Take over what an edit began from, with the credentials that it came with."""
    if sources:
        builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
    for index, source in enumerate(sources):
        relation = "inputTo" if index else "parentOf"
        told = json.dumps({"title": source.title, "relationship": relation})
        builder.add_ingredient(told, source.media_type, io.BytesIO(source.data))


def _usable(source: Source, context: c2pa.Context) -> bool:
    """Whether the library can take over a picture, and will not be long about it."""
    if seal_fault(source.data) is not None:
        return False
    if source.media_type not in c2pa.Builder.get_supported_mime_types():
        return False
    try:
        with c2pa.Builder.from_json("{}", context=context) as trial:
            _name_sources(trial, [source])
    except c2pa.C2paError:
        return False
    return True


def _context(anchors: str | None) -> c2pa.Context:
    """What the library may do: nothing on the network, and no thumbnails, which weigh 140 kB."""
    return c2pa.Context.from_dict(
        {
            "verify": {
                "verify_trust": True,
                "verify_after_sign": True,
                "remote_manifest_fetch": False,
                "ocsp_fetch": False,
            },
            "builder": {"thumbnail": {"enabled": False}},
            "trust": {"user_anchors": anchors} if anchors else {},
        }
    )


def _algorithm(key: str) -> c2pa.C2paSigningAlg:
    """Raises: SealingFailed: it is no key, or of a kind that C2PA does not have."""
    try:
        private = load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError) as error:
        raise SealingFailed(
            f"the key is no private key in PEM without a password: {error}"
        ) from error
    if isinstance(private, ec.EllipticCurvePrivateKey):
        curves = {"secp256r1": c2pa.C2paSigningAlg.ES256, "secp384r1": c2pa.C2paSigningAlg.ES384}
        if private.curve.name in curves:
            return curves[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return c2pa.C2paSigningAlg.ED25519
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= 2048:
        return c2pa.C2paSigningAlg.PS256
    raise SealingFailed(
        "the key must be of the curve P-256 or P-384, Ed25519, or RSA of 2048 bits and more"
    )


def _url(address: str | None) -> bytes | None:
    return None if address is None else address.encode()
