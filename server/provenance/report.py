"""Words a verification as JSON: the same object over HTTP and from the command.

Decides what a caller may read: whose request it was is told to the key that made it, and to no
other. Knows no file and no search.
"""

from server.dialect import Json
from server.http.schema import (
    NUMBER,
    SECONDS_SINCE_1970,
    TEXT,
    TEXT_OR_NULL,
    WHOLE,
    YES_OR_NO,
    Schema,
    listed,
    one_of,
    only,
    page_of,
    record,
)
from server.provenance.verifying import Findings, Verification

MANIFESTS = "/v1/watermark/manifests"
ANSWERS = (
    "ai_generated_by_this_server",
    "claims_ai_generated",
    "conflict",
    "no_mark_found",
)

_NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
_WHOLE_OR_NULL: Schema = {"type": ["integer", "null"]}
_BOOL_OR_NULL: Schema = {"type": ["boolean", "null"]}
_LAYERS: Schema = record(
    {
        "c2pa": record(
            {
                "status": one_of("trusted", "valid", "invalid", "absent"),
                "issuer": TEXT_OR_NULL,
                "source_types": listed(TEXT),
                "soft_bindings": listed(TEXT),
                "failures": listed(TEXT),
            }
        ),
        "metadata": record(
            {
                "status": one_of("present", "absent"),
                "places": listed(TEXT),
                "aigc_label": TEXT_OR_NULL,
                "produce_id": TEXT_OR_NULL,
                "producer": TEXT_OR_NULL,
                "source_types": listed(TEXT),
                "systems": listed(TEXT),
                "recipe": YES_OR_NO,
                "faults": listed(TEXT),
            }
        ),
        "invisible": record(
            {
                "status": one_of("verified", "absent", "not_searched"),
                "id": TEXT_OR_NULL,
                "key": TEXT_OR_NULL,
                "geometry": TEXT_OR_NULL,
                "sync_z": _NUMBER_OR_NULL,
                "decodes_tried": WHOLE,
                "false_positive_bound": NUMBER,
                "depth": one_of("fast", "deep", "exhaustive"),
                "complete": YES_OR_NO,
                "ms": WHOLE,
            }
        ),
    }
)
_REGISTRY: Schema = record(
    {
        "status": one_of("found", "unknown"),
        "same_file": YES_OR_NO,
        "looks_alike": _BOOL_OR_NULL,
        "perceptual_distance": _WHOLE_OR_NULL,
        "resemblance": _NUMBER_OR_NULL,
    },
    {
        "created_at": SECONDS_SINCE_1970,
        "model": TEXT,
        "manifest": TEXT_OR_NULL,
        "request_id": TEXT,
        "client": TEXT,
    },
)
VERIFICATION: Schema = record(
    {
        "object": only("watermark.verification"),
        "index": WHOLE,
        "verdict": one_of(*ANSWERS),
        "reasons": listed(TEXT),
        "id": TEXT_OR_NULL,
        "ids_agree": _BOOL_OR_NULL,
        "tampered": YES_OR_NO,
        "format": TEXT,
        "size": TEXT,
        "sha256": TEXT,
        "layers": _LAYERS,
        "registry": _REGISTRY,
    }
)
VERIFICATIONS: Schema = page_of(VERIFICATION)


def report(verification: Verification, index: int, client: str | None) -> Json:
    """Say it all as JSON. `client` is the key that asks; None is the operator, who may know all."""
    findings, verdict = verification.findings, verification.verdict
    return {
        "object": "watermark.verification",
        "index": index,
        "verdict": verdict.answer,
        "reasons": list(verdict.reasons),
        "id": hexadecimal(verdict.id),
        "ids_agree": verdict.ids_agree,
        "tampered": verdict.tampered,
        "format": findings.format,
        "size": str(findings.size),
        "sha256": findings.sha256,
        "layers": _layers(findings),
        "registry": _registry(verification, client),
    }


def hexadecimal(number: int | None) -> str | None:
    """An id as it is written everywhere."""
    return None if number is None else f"{number:016x}"


def _layers(findings: Findings) -> Json:
    sealed, claims, mark = findings.credentials, findings.claims, findings.mark
    label = claims.labels[0] if claims.labels else None
    return {
        "c2pa": {
            "status": sealed.status,
            "issuer": sealed.issuer,
            "source_types": list(sealed.source_types),
            "soft_bindings": list(sealed.soft_bindings),
            "failures": list(sealed.failures),
        },
        "metadata": {
            "status": "present" if claims.places else "absent",
            "places": list(claims.places),
            "aigc_label": None if label is None else label.label,
            "produce_id": None if label is None else label.produce_id,
            "producer": None if label is None else label.producer,
            "source_types": list(claims.source_types),
            "systems": list(claims.systems),
            "recipe": claims.recipe is not None,
            "faults": list(claims.faults),
        },
        "invisible": {
            "status": mark.status,
            "id": hexadecimal(mark.id),
            "key": mark.key,
            "geometry": mark.geometry,
            "sync_z": None if mark.sync_z is None else round(mark.sync_z, 1),
            "decodes_tried": mark.decodes,
            "false_positive_bound": float(f"{mark.false_positive_bound:.2g}"),
            "depth": mark.depth,
            "complete": mark.complete,
            "ms": round(mark.seconds * 1000),
        },
    }


def _registry(verification: Verification, client: str | None) -> Json:
    known, likened = verification.known, verification.likened
    said: Json = {
        "status": "unknown" if known is None else "found",
        "same_file": verification.same_file,
        "looks_alike": {"same": True, "unlike": False, "unknown": None}[likened.likeness],
        "perceptual_distance": likened.bits,
        "resemblance": None if likened.resemblance is None else round(likened.resemblance, 2),
    }
    if known is None:
        return said
    told: Json = {
        "created_at": known.created_at,
        "model": known.model,
        "manifest": f"{MANIFESTS}/{known.id:016x}" if known.manifest else None,
    }
    if client in (None, known.client):
        told |= {"request_id": known.request_id, "client": known.client}
    return said | told
