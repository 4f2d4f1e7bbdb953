"""Understands what the C2PA library tells of the credentials in a file. Pure: JSON in, words out.

What strangers wrote in their manifests is cut short, and never believed: only the library's own
verdict decides the status.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pipelines.provenance.xmp import SOURCE_TYPES

Status: TypeAlias = Literal["trusted", "valid", "invalid", "absent"]
"""Intact and signed under an anchor; intact, of a signer unknown here; changed or broken; none."""

BINDING = "seedbed.tilemark.1"
"""The name of our invisible mark among soft bindings."""

_STATUSES: dict[str, Status] = {"Trusted": "trusted", "Valid": "valid", "Invalid": "invalid"}
_UNKNOWN_SIGNER = "signingCredential.untrusted"
_EXPIRED = "signingCredential.expired"
_SIGNED = "claimSignature.validated"
_NO_PICTURE = "assertion.dataHash.mismatch"
_TRUSTED = "signingCredential.trusted"
_MOST_FAILURES = 8
_MOST_VALUES = 16
"""Of what a manifest may say many times; the registry is asked for each id."""
_MOST_LETTERS = 200
"""Of a text that a stranger's manifest says."""


@dataclass(frozen=True, slots=True)
class CredentialsFound:
    """What the credentials of a file say, and what they are worth."""

    status: Status
    issuer: str | None = None
    """The organisation of the signer, as its certificate says."""
    generator: str | None = None
    source_types: tuple[str, ...] = ()
    """Codes of IPTC's list, such as trainedAlgorithmicMedia."""
    soft_bindings: tuple[str, ...] = ()
    """The ids of our invisible mark that they name."""
    failures: tuple[str, ...] = ()
    """Codes of what is wrong, as C2PA names them, or a sentence."""


def understood(told: Any) -> CredentialsFound:
    """Put the library's report on a file into our words."""
    results = told.get("validation_results", {}).get("activeManifest", {})
    status = _STATUSES[told["validation_state"]]
    failures = _failures(results)
    if status == "invalid" and failures == (_EXPIRED,) and _SIGNED in _codes(results, "success"):
        # The library calls it invalid from the day after the certificate's last, though nothing
        # was changed. That the signer was known by then cannot be told any more.
        status = "valid"
    return _found(told, status, failures)


def understood_alone(told: Any) -> CredentialsFound:
    """Put its report on a manifest without the picture into our words.

    The status is of the manifest: whether it fits a picture is not known.
    """
    results = told.get("validation_results", {}).get("activeManifest", {})
    failures = tuple(code for code in _failures(results) if code != _NO_PICTURE)
    right = _codes(results, "success")
    if _SIGNED not in right or failures not in {(), (_EXPIRED,)}:
        return _found(told, "invalid", failures)
    return _found(told, "trusted" if _TRUSTED in right else "valid", failures)


def _found(told: Any, status: Status, failures: tuple[str, ...]) -> CredentialsFound:
    manifest = told["manifests"].get(told.get("active_manifest"), {})
    assertions = manifest.get("assertions", ())
    return CredentialsFound(
        status=status,
        issuer=_word(manifest.get("signature_info", {}).get("issuer")),
        generator=_generator(manifest),
        source_types=tuple(dict.fromkeys(_source_types(assertions)))[:_MOST_VALUES],
        soft_bindings=tuple(dict.fromkeys(_bindings(assertions)))[:_MOST_VALUES],
        failures=failures[:_MOST_FAILURES],
    )


def _failures(results: Any) -> tuple[str, ...]:
    """What is wrong; that a signer is unknown here is not."""
    return tuple(code for code in _codes(results, "failure") if code != _UNKNOWN_SIGNER)


def _codes(results: Any, outcome: str) -> tuple[str, ...]:
    told = results.get(outcome) or ()
    return tuple(dict.fromkeys(short(str(one.get("code"))) for one in told))


def _generator(manifest: Any) -> str | None:
    told = manifest.get("claim_generator_info") or [{"name": manifest.get("claim_generator")}]
    name, version = _word(told[0].get("name")), _word(told[0].get("version"))
    return f"{name}/{version}" if name and version else name


def _source_types(assertions: Sequence[Any]) -> Iterator[str]:
    for action in _actions(assertions):
        source_type = action.get("digitalSourceType")
        if isinstance(source_type, str):
            yield short(source_type.removeprefix(SOURCE_TYPES))


def _actions(assertions: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for assertion in assertions:
        if str(assertion.get("label")).startswith("c2pa.actions"):
            listed = _listed(_data(assertion).get("actions"))
            yield from (one for one in listed if isinstance(one, dict))


def _bindings(assertions: Sequence[Any]) -> Iterator[str]:
    for assertion in assertions:
        data = _data(assertion)
        if (
            str(assertion.get("label")).startswith("c2pa.soft-binding")
            and data.get("alg") == BINDING
        ):
            for block in _listed(data.get("blocks")):
                if isinstance(block, dict) and isinstance(block.get("value"), str):
                    yield short(block["value"])


def _data(assertion: Any) -> dict[str, Any]:
    data = assertion.get("data")
    return data if isinstance(data, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(text: Any) -> str | None:
    return short(text) if isinstance(text, str) and text else None


def short(text: str) -> str:
    """A stranger's text: of a length that fits into an answer, with nothing a terminal obeys."""
    cut = text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"
    return "".join(each if each.isprintable() else "\ufffd" for each in cut)
