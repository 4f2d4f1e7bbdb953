"""Content credentials: sealed by the real library, read back, and seen through when changed."""

import datetime as dt
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import c2pa
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pipelines.post.encode import EXTENSIONS, Format, encode
from pipelines.provenance.credentials import (
    Claim,
    SealingFailed,
    Signer,
    Source,
    read_credentials,
)
from server.provenance.certificates import Certificates, Credentials

ID = "192af6e44a817c0e"
FORMATS = list(EXTENSIONS)
DRAWN = Claim(ID, "embedded", "0.1.0", marked=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    folder = tmp_path_factory.mktemp("site")
    return Certificates(folder).make("A site", dt.datetime.now(dt.UTC))


@pytest.fixture(scope="module")
def signer(site: Credentials) -> Signer:
    return Signer(site.chain, site.key, site.anchors)


def picture(form: Format, seed: int = 0) -> bytes:
    return encode(np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8), form)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_sealed_reads_back_as_trusted(
    form: Format, site: Credentials, signer: Signer
) -> None:
    plain = picture(form)
    sealed = signer.sign(plain, form, DRAWN)
    found = read_credentials(sealed.data, form, site.anchors)
    assert found.status == "trusted"
    assert found.issuer == "A site"
    assert found.generator == "seedbed/0.1.0"
    assert found.source_types == ("trainedAlgorithmicMedia",)
    assert found.soft_bindings == (ID,)
    assert found.failures == ()
    assert len(sealed.data) - len(plain) < 6000, "a thumbnail is in it"
    assert sealed.manifest in sealed.data or form == "jpeg"


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_without_credentials_has_none(form: Format, site: Credentials) -> None:
    assert read_credentials(picture(form), form, site.anchors).status == "absent"


@pytest.mark.parametrize("form", FORMATS)
def test_one_changed_bit_of_the_picture_is_seen(
    form: Format, site: Credentials, signer: Signer
) -> None:
    sealed = signer.sign(picture(form), form, DRAWN).data
    changed = bytearray(sealed)
    place = -200 if form != "webp" else 60
    changed[place] ^= 1
    found = read_credentials(bytes(changed), form, site.anchors)
    assert found.status == "invalid"
    assert found.failures == ("assertion.dataHash.mismatch",)


def test_bytes_after_the_end_are_seen(site: Credentials, signer: Signer) -> None:
    sealed = signer.sign(picture("png"), "png", DRAWN).data
    assert read_credentials(sealed + b"x", "png", site.anchors).status == "invalid"


def test_another_sites_signature_is_intact_but_not_trusted(
    site: Credentials, signer: Signer, tmp_path: Path
) -> None:
    other = Certificates(tmp_path).make("Another", dt.datetime.now(dt.UTC))
    sealed = signer.sign(picture("png"), "png", DRAWN).data
    for anchors in (other.anchors, None):
        found = read_credentials(sealed, "png", anchors)
        assert (found.status, found.failures) == ("valid", ())


def test_an_unmarked_picture_binds_no_id(site: Credentials, signer: Signer) -> None:
    claim = Claim(ID, "embedded", "0.1.0", marked=False)
    sealed = signer.sign(picture("png"), "png", claim).data
    found = read_credentials(sealed, "png", site.anchors)
    assert (found.status, found.soft_bindings) == ("trusted", ())


def test_an_edit_takes_over_the_credentials_of_what_it_began_from(
    site: Credentials, signer: Signer
) -> None:
    first = signer.sign(picture("jpeg"), "jpeg", DRAWN).data
    sources = (
        Source(first, "image/jpeg", "first"),
        Source(picture("webp", 1), "image/webp", "second"),
    )
    claim = Claim("00000000000000ff", "embedded", "0.1.0", marked=True, sources=sources)
    edited = signer.sign(picture("png", 2), "png", claim)
    found = read_credentials(edited.data, "png", site.anchors)
    assert found.status == "trusted"
    assert found.source_types == ("compositeWithTrainedAlgorithmicMedia",)
    assert found.soft_bindings == ("00000000000000ff",)
    assert ID.encode() in edited.manifest, "the manifest of the source has gone"


@pytest.mark.parametrize(
    "source",
    [
        Source(b"BM" + bytes(80), "image/bmp", "a kind that the library does not know"),
        Source(b"no picture at all", "image/png", "broken"),
    ],
    ids=lambda source: source.title,
)
def test_a_source_that_cannot_be_read_is_left_out(
    source: Source, site: Credentials, signer: Signer
) -> None:
    claim = Claim(ID, "embedded", "0.1.0", marked=True, sources=(source,))
    found = read_credentials(signer.sign(picture("png"), "png", claim).data, "png", site.anchors)
    assert found.status == "trusted"
    assert found.source_types == ("compositeWithTrainedAlgorithmicMedia",)


def test_sources_whose_credentials_are_a_burden_are_left_out(
    site: Credentials, signer: Signer
) -> None:
    heavy = [Source(burdened(picture("png", n), site), "image/png", "heavy") for n in range(2)]
    claim = Claim(ID, "embedded", "0.1.0", marked=True, sources=tuple(heavy))
    edited = signer.sign(picture("png", 1), "png", claim)
    assert len(edited.manifest) < 10_000
    found = read_credentials(edited.data, "png", site.anchors)
    assert found.status == "trusted"
    assert found.source_types == ("compositeWithTrainedAlgorithmicMedia",)


def burdened(plain: bytes, site: Credentials) -> bytes:
    """A sealed PNG whose manifest has an assertion of 700 kB."""
    note = {"label": "org.example.note", "data": {"text": "x" * 700_000}}
    made = {
        "action": "c2pa.created",
        "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty",
    }
    manifest = {
        "claim_generator_info": [{"name": "another"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [made]}}, note],
    }
    info = c2pa.C2paSignerInfo(
        c2pa.C2paSigningAlg.ES256, site.chain.encode(), site.key.encode(), None
    )
    out = io.BytesIO()
    settings = {"builder": {"thumbnail": {"enabled": False}}}
    context = c2pa.Context.from_dict(settings)
    with c2pa.Builder.from_json(json.dumps(manifest), context=context) as builder:
        builder.sign(c2pa.Signer.from_info(info), "image/png", io.BytesIO(plain), out)
    return out.getvalue()


def test_many_threads_may_seal_with_one_signer(site: Credentials, signer: Signer) -> None:
    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(lambda n: signer.sign(picture("png", n), "png", DRAWN), range(12)))
    assert {read_credentials(one.data, "png", site.anchors).status for one in sealed} == {"trusted"}


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"jumb",
        b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x08jumbjumd",
        bytes(range(256)) * 40 + b"jumb",
    ],
    ids=["nothing", "a word", "a header", "noise"],
)
def test_what_only_looks_like_credentials_is_no_crash(hostile: bytes) -> None:
    assert read_credentials(hostile, "png", None).status in {"absent", "invalid"}


def test_a_truncated_file_is_no_crash(site: Credentials, signer: Signer) -> None:
    sealed = signer.sign(picture("png"), "png", DRAWN).data
    for length in range(60, len(sealed), 397):
        assert read_credentials(sealed[:length], "png", site.anchors).status != "trusted"


def test_a_file_that_cannot_be_sealed_is_an_error_with_a_name(signer: Signer) -> None:
    with pytest.raises(SealingFailed, match="could not be sealed"):
        signer.sign(b"no picture", "png", DRAWN)


def test_a_key_that_c2pa_does_not_have_is_refused(site: Credentials) -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(SealingFailed, match="P-256 or P-384"):
        Signer(site.chain, pem, site.anchors)
    with pytest.raises(SealingFailed, match="no private key"):
        Signer(site.chain, "junk", site.anchors)
