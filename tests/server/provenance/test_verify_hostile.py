"""Whatever a file holds, it gets a verdict or an error with a name, soon and in bounded memory."""

import datetime as dt
import io
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines.errors import InvalidImage
from pipelines.post.encode import Format, encode
from pipelines.provenance.credentials import Claim, Signer, read_credentials
from pipelines.provenance.metadata import metadata
from pipelines.provenance.xmp import Statement
from pipelines.tilemark.mark import TileMark
from server.provenance.certificates import Certificates, Credentials
from server.provenance.report import ANSWERS
from server.provenance.verifying import Examiner, conclude
from tests.running import plain_environment
from tests.server.provenance.hostile import FILES
from tests.server.provenance.marked import IDENT, KEY, known, scenery

REPOSITORY = Path(__file__).parents[3]
MOST_SECONDS, MOST_MIB = 2.0, 500
FORMATS: list[Format] = ["png", "jpeg", "webp"]
SMALL = scenery(1, 64)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Certificates(tmp_path_factory.mktemp("site")).make("A site", dt.datetime.now(dt.UTC))


@pytest.fixture(scope="module")
def examiner(site: Credentials) -> Examiner:
    return Examiner({"first": TileMark(KEY)}, partial(read_credentials, anchors=site.anchors))


@pytest.fixture(scope="module")
def sealed(site: Credentials) -> dict[Format, bytes]:
    """What a server hands out, in each format."""
    signer = Signer(site.chain, site.key, site.anchors)
    info = metadata(Statement(f"{IDENT:016x}", "a server", "a-model", "seedbed/test")).info
    claim = Claim(f"{IDENT:016x}", "a-model", "test", marked=True)
    return {form: signer.sign(encode(SMALL, form, info=info), form, claim).data for form in FORMATS}


def pixels(data: bytes) -> bytes:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).tobytes()


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_handed_out_is_trusted(
    examiner: Examiner, sealed: dict[Format, bytes], form: Format
) -> None:
    verification = conclude(examiner.examine(sealed[form], "fast", "image"), ())
    assert verification.verdict.answer == "ai_generated_by_this_server"
    assert (verification.verdict.id, verification.verdict.ids_agree) == (IDENT, True)
    assert verification.findings.credentials.issuer == "A site"


def test_a_file_that_was_changed_after_it_was_signed_is_a_conflict(
    examiner: Examiner, sealed: dict[Format, bytes]
) -> None:
    other = encode(scenery(2, 64), "png")
    head = sealed["png"].index(b"IDAT") - 4
    grafted = sealed["png"][:head] + other[other.index(b"IDAT") - 4 :]
    verification = conclude(examiner.examine(grafted, "fast", "image"), ())
    assert verification.findings.credentials.status == "invalid"
    assert (verification.verdict.answer, verification.verdict.exit_status) == ("conflict", 2)


@given(data=st.data(), form=st.sampled_from(FORMATS))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_changed_file_is_judged_or_refused_and_never_trusted_with_other_pixels(
    data: st.DataObject, form: Format, examiner: Examiner, sealed: dict[Format, bytes]
) -> None:
    content = bytearray(sealed[form])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(max_size=6))
        kind = data.draw(st.sampled_from(["replace", "insert", "cut"]))
        content[at : at + (0 if kind == "insert" else len(piece))] = b"" if kind == "cut" else piece
    try:
        findings = examiner.examine(bytes(content), "fast", "image")
    except InvalidImage:
        return
    verification = conclude(findings, [known(SMALL, sealed[form])])
    assert verification.verdict.answer in ANSWERS
    assert findings.mark.status == "absent"
    if findings.credentials.status == "trusted":
        assert pixels(bytes(content)) == pixels(sealed[form])


def test_files_made_to_hurt_do_not() -> None:
    """In a process of its own, so that a crash is seen and memory can be measured."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.server.provenance.hostile"],
        cwd=REPOSITORY,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ended.returncode == 0, ended.stderr
    *told, peak = map(json.loads, ended.stdout.splitlines())
    assert [one["name"] for one in told] == list(FILES)
    for one in told:
        assert one["outcome"] in ANSWERS or one["outcome"].startswith("refused: "), one
        assert one["seconds"] < MOST_SECONDS, one
    outcomes = {one["name"]: one["outcome"] for one in told}
    assert "empty" in outcomes["nothing"]
    assert "cut off" in outcomes["half of it"]
    assert "24000000 pixels" in outcomes["more pixels than are read"]
    assert outcomes["entities in a WebP"] == "no_mark_found"
    assert outcomes["boxes beside boxes"] == outcomes["a compressed box"] == "claims_ai_generated"
    assert peak["mib"] < MOST_MIB
