"""Which path is answered by which endpoint of verification, as plain data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from server.http.paths import Path, json_answer
from server.provenance.api import MANIFEST_TYPE, VerifyApi
from server.provenance.report import MANIFESTS, VERIFICATIONS
from server.provenance.verifying import RULE

VERIFY = "/v1/watermark/verify"
_FILE: Mapping[str, Any] = MappingProxyType({"type": "string", "format": "binary"})
_FORM: Mapping[str, Any] = MappingProxyType(
    {
        "type": "object",
        "required": ["image"],
        "properties": {
            "image": {"type": "array", "items": _FILE, "maxItems": RULE.most},
            "depth": {"type": "string", "enum": ["fast", "deep", "exhaustive"], "default": "deep"},
        },
    }
)


def provenance_paths(api: VerifyApi) -> tuple[Path, ...]:
    """All of them."""
    return (
        Path(
            "POST",
            VERIFY,
            api.verify,
            "Say whether pictures come from this server",
            json_answer(VERIFICATIONS),
            f"At most {RULE.most} pictures. That no mark was found does not mean that no AI made "
            "it. docs/provenance.md says what each layer survives.",
            form=_FORM,
        ),
        Path(
            "GET",
            f"{MANIFESTS}/{{mark_id}}",
            api.manifest,
            "Fetch the signed manifest of a picture that has lost it",
            {MANIFEST_TYPE: {"type": "string", "format": "binary"}},
        ),
    )
