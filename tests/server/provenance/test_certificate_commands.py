"""`seedbed provenance`: makes, shows, tries, renews and exports what content credentials need."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509

from pipelines.post.encode import encode
from pipelines.provenance.credentials import Claim
from server.provenance.authority import fingerprint
from server.provenance.certificates import Certificates
from server.provenance.seal import Seal, SealSettings
from tests.server.commands import Command, command

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return command(tmp_path, monkeypatch, capsys, "provenance")


def test_init_makes_certificates_and_says_what_to_compare(
    provenance: Command, tmp_path: Path
) -> None:
    made = provenance("init", "--organisation", "Our house")
    assert (made.status, made.err) == (0, "")
    [root] = Certificates(tmp_path / "data").roots()
    assert fingerprint(root) in made.out
    told = provenance("status", "--json").json
    assert told["organisation"] == "Our house"
    assert told["seals"] is True
    assert told["renews_itself"] is True
    assert told["days_left"] in {364, 365}
    assert list(told["roots"]) == [fingerprint(root)]


def test_a_second_init_is_refused(provenance: Command, tmp_path: Path) -> None:
    assert provenance("init").status == 0
    before = Certificates(tmp_path / "data").read()
    again = provenance("init")
    assert again.status == 1
    assert again.err.startswith("seedbed: ")
    assert "has certificates already" in again.err
    assert Certificates(tmp_path / "data").read() == before


def test_renew_makes_the_next_leaf_and_the_next_root(provenance: Command, tmp_path: Path) -> None:
    provenance("init")
    first = Certificates(tmp_path / "data").read()
    assert provenance("renew").status == 0
    second = Certificates(tmp_path / "data").read()
    assert (second.chain != first.chain, second.anchors) == (True, first.anchors)
    assert provenance("renew", "--root").status == 0
    third = Certificates(tmp_path / "data").read()
    assert third.anchors.endswith(first.anchors)
    assert third.anchors != first.anchors


def test_renew_says_where_the_roots_key_is_missing(provenance: Command, tmp_path: Path) -> None:
    provenance("init")
    key = tmp_path / "data" / "credentials" / "root-0001.key"
    key.unlink()
    refused = provenance("renew")
    assert refused.status == 1
    assert "data/credentials/root-0001.key" in refused.err
    assert provenance("status", "--json").json["renews_itself"] is False


def test_export_root_prints_certificates_and_nothing_else(
    provenance: Command, tmp_path: Path
) -> None:
    assert provenance("export-root").status == 1
    provenance("init")
    exported = provenance("export-root").out
    assert "PRIVATE" not in exported
    assert x509.load_pem_x509_certificates(exported.encode()) == (
        Certificates(tmp_path / "data").roots()
    )


def test_status_changes_nothing(provenance: Command, tmp_path: Path) -> None:
    assert provenance("status", "--json").json == {
        "initialised": False,
        "seals": False,
        "warning": None,
    }
    assert not (tmp_path / "data").exists()
    long_ago = Certificates(tmp_path / "data").make("A site", NOW - dt.timedelta(days=4000))
    told = provenance("status").out
    assert "A site" in told
    assert Certificates(tmp_path / "data").read() == long_ago


def test_selftest_seals_or_says_why_not(provenance: Command, tmp_path: Path) -> None:
    assert "provenance init" in provenance("selftest").err
    provenance("init")
    assert "are trusted" in provenance("selftest").out
    leaf = tmp_path / "data" / "credentials" / "leaf.pem"
    other = Certificates(tmp_path / "other").make("Another", NOW)
    mine = leaf.read_text()
    leaf.write_text(mine[: mine.index("-----BEGIN PRIVATE")] + other.key)
    refused = provenance("selftest")
    assert refused.status == 1
    assert "content credentials cannot be made" in refused.err


def test_show_says_who_signed_a_manifest(provenance: Command, tmp_path: Path) -> None:
    provenance("init", "--organisation", "Our house")
    plain = encode(np.zeros((16, 16, 3), np.uint8), "png")
    claim = Claim("192af6e44a817c0e", "embedded", "0.1.0", marked=True)
    sealed = Seal(SealSettings(tmp_path / "data")).sign(plain, "png", claim)
    (tmp_path / "one.c2pa").write_bytes(sealed.manifest)
    told = provenance("show", "one.c2pa", "--json").json
    assert (told["status"], told["issuer"]) == ("trusted", "Our house")
    assert told["soft_bindings"] == ["192af6e44a817c0e"]
    assert "trainedAlgorithmicMedia" in provenance("show", "one.c2pa").out
    (tmp_path / "one.png").write_bytes(sealed.data)
    refused = provenance("show", "one.png")
    assert (refused.status, "is no manifest" in refused.err) == (1, True)
