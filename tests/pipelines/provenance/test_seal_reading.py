"""What credentials are worth when they are old, alone, or somewhere else."""

import datetime as dt
import io
import json
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import c2pa
import pytest
from PIL import Image

from pipelines.provenance.credentials import (
    Claim,
    Signer,
    Source,
    read_credentials,
    read_manifest,
)
from pipelines.provenance.seal_reading import BINDING
from pipelines.provenance.xmp import DRAWN, SOURCE_TYPES
from server.provenance.certificates import Certificates, Credentials

EXPIRED = Path(__file__).with_name("expired.webp")
"""Sealed by a `Signer` with a leaf that ended four seconds later, on 2026-11-20."""
ID = "192af6e44a817c0e"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    folder = tmp_path_factory.mktemp("site")
    return Certificates(folder).make("A site", dt.datetime.now(dt.UTC))


@pytest.fixture(scope="module")
def signer(site: Credentials) -> Signer:
    return Signer(site.chain, site.key, site.anchors)


def jpeg(xmp: bytes = b"") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "JPEG", xmp=xmp)
    return file.getvalue()


def test_a_seal_that_has_only_grown_old_is_intact_but_vouched_for_by_nobody() -> None:
    found = read_credentials(EXPIRED.read_bytes(), "webp", None)
    assert (found.status, found.failures) == ("valid", ("signingCredential.expired",))
    assert found.soft_bindings == (ID,)


def test_an_old_seal_of_another_picture_is_invalid() -> None:
    changed = bytearray(EXPIRED.read_bytes())
    changed[30] ^= 1
    found = read_credentials(bytes(changed), "webp", None)
    assert found.status == "invalid"
    assert "assertion.dataHash.mismatch" in found.failures


def test_a_manifest_alone_tells_who_signed_it(site: Credentials, signer: Signer) -> None:
    manifest = signer.sign(jpeg(), "jpeg", Claim(ID, "embedded", "0.1.0", marked=True)).manifest
    found = read_manifest(manifest, site.anchors)
    assert (found.status, found.issuer, found.failures) == ("trusted", "A site", ())
    assert found.soft_bindings == (ID,)
    assert read_manifest(manifest, None).status == "valid"


@pytest.mark.parametrize("word", [ID.encode(), b"trainedAlgorithmicMedia"], ids=["id", "claim"])
def test_a_manifest_in_which_a_word_was_changed_is_invalid(
    word: bytes, site: Credentials, signer: Signer
) -> None:
    manifest = signer.sign(jpeg(), "jpeg", Claim(ID, "embedded", "0.1.0", marked=True)).manifest
    assert word in manifest
    changed = manifest.replace(word, word[:-1] + b"x")
    assert read_manifest(changed, site.anchors).status == "invalid"


def test_what_a_stranger_says_cannot_steer_a_terminal(site: Credentials, signer: Signer) -> None:
    claim = Claim("\x1b[2J\u202eevil\n" + "x" * 999, "embedded", "\x9b0m", marked=True)
    found = read_credentials(signer.sign(jpeg(), "jpeg", claim).data, "jpeg", site.anchors)
    said = [*found.soft_bindings, found.generator or ""]
    assert all(text.isprintable() and len(text) <= 200 for text in said)
    assert found.soft_bindings[0].startswith("\ufffd[2J\ufffdevil\ufffdxx")


def forged(blocks: object) -> bytes:
    """Sealed by somebody whose program checks nothing: a binding of any shape."""
    claim = {
        "claim_generator_info": [{"name": "forged"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {"action": "c2pa.created", "digitalSourceType": f"{SOURCE_TYPES}{DRAWN}"}
                    ]
                },
            },
            {"label": "c2pa.soft-binding", "data": {"alg": BINDING, "blocks": blocks}},
        ],
    }
    unchecked = c2pa.Context.from_dict({"verify": {"verify_after_sign": False}})
    with TemporaryDirectory() as folder:
        stranger = Certificates(Path(folder)).make("A stranger", dt.datetime.now(dt.UTC))
    info = c2pa.C2paSignerInfo(
        c2pa.C2paSigningAlg.ES256, stranger.chain.encode(), stranger.key.encode(), None
    )
    sealed = io.BytesIO()
    with c2pa.Builder.from_json(json.dumps(claim), context=unchecked) as builder:
        builder.sign(c2pa.Signer.from_info(info), "image/jpeg", io.BytesIO(jpeg()), sealed)
    return sealed.getvalue()


@pytest.mark.parametrize("blocks", [5, True, "text", {"value": ID}, [5, None, {"value": 5}]])
def test_a_binding_of_another_shape_binds_nothing(blocks: object) -> None:
    found = read_credentials(forged(blocks), "jpeg", None)
    assert (found.issuer, found.soft_bindings) == ("A stranger", ())


def test_of_thousands_of_bindings_the_first_are_read() -> None:
    found = read_credentials(forged([{"value": f"{n:016x}"} for n in range(1_000)]), "jpeg", None)
    assert found.soft_bindings == tuple(f"{n:016x}" for n in range(16))


@pytest.mark.parametrize("junk", [b"", b"junk", b"\0\0\0\x40jumb" + bytes(56)])
def test_what_is_no_manifest_is_no_crash(junk: bytes) -> None:
    assert read_manifest(junk, None).status in {"absent", "invalid"}


def test_credentials_at_an_address_are_fetched_neither_to_read_nor_to_seal(
    site: Credentials, signer: Signer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        remote = jpeg(
            b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-'
            b'rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/term'
            b's/" dcterms:provenance="http://127.0.0.1:%d/"/></rdf:RDF></x:xmpmeta>'
            % server.getsockname()[1]
        )
        # The word for boxes, so that the library is asked at all.
        found = read_credentials(remote + b"jumb", "jpeg", site.anchors)
        assert (found.status, found.failures) == ("absent", ("they lie elsewhere: not fetched",))
        source = Source(remote, "image/jpeg", "input")
        claim = Claim(ID, "embedded", "0.1.0", marked=True, sources=(source,))
        sealed = signer.sign(jpeg(), "jpeg", claim)
        assert read_credentials(sealed.data, "jpeg", site.anchors).status == "trusted"
        assert b"c2pa.ingredient" in sealed.manifest, "the source was left out"
        with pytest.raises(BlockingIOError):
            server.accept()
