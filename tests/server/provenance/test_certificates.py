"""The site's certificates: made once, renewed, never overwritten, and proved before use."""

import datetime as dt
import json
import logging
import stat
from pathlib import Path

import numpy as np
import pytest

from pipelines.post.encode import encode
from pipelines.provenance.credentials import Claim, read_credentials
from server.provenance.certificates import Certificates, read_own
from server.provenance.seal import Seal, SealSettings, open_seal, trusted_roots
from server.terminal import CommandError
from tests.running import seedbed

NOW = dt.datetime.now(dt.UTC)
CLAIM = Claim("192af6e44a817c0e", "embedded", "0.1.0", marked=True)
PLAIN = encode(np.zeros((32, 32, 3), np.uint8), "png")


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW)
    assert stat.S_IMODE(certificates.folder.stat().st_mode) == 0o700
    files = list(certificates.folder.iterdir())
    assert {path.name for path in files} == {"leaf.pem", "key-of-root.pem", "root-0001.pem"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_second_init_overwrites_nothing(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    before = certificates.make("A site", NOW)
    with pytest.raises(CommandError, match="has certificates already"):
        certificates.make("Another", NOW)
    assert certificates.read() == before


def test_a_renewed_leaf_seals_under_the_same_root(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    first = certificates.make("A site", NOW)
    sealed = Seal(SealSettings(tmp_path)).sign(PLAIN, "png", CLAIM).data
    second = certificates.renew(NOW + dt.timedelta(days=10))
    assert second.anchors == first.anchors
    assert second.ends - first.ends == dt.timedelta(days=10)
    assert second.key != first.key
    assert read_credentials(sealed, "png", second.anchors).status == "trusted"


def test_an_old_root_stays_trusted_after_the_next(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW)
    sealed = Seal(SealSettings(tmp_path)).sign(PLAIN, "png", CLAIM).data
    both = certificates.renew_root(NOW)
    assert both.anchors.count("BEGIN CERTIFICATE") == 2
    assert read_credentials(sealed, "png", both.anchors).status == "trusted"
    newest = both.anchors.split("-----END CERTIFICATE-----\n")[0] + "-----END CERTIFICATE-----\n"
    assert read_credentials(sealed, "png", newest).status == "valid"
    again = Seal(SealSettings(tmp_path)).sign(PLAIN, "png", CLAIM).data
    assert read_credentials(again, "png", newest).status == "trusted"


def test_no_key_is_ever_among_the_roots(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW)
    assert "PRIVATE" not in certificates.anchors()
    assert "PRIVATE" not in (trusted_roots(SealSettings(tmp_path)) or "PRIVATE")


def test_a_root_whose_key_was_moved_away_seals_but_does_not_renew(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW)
    (certificates.folder / "key-of-root.pem").rename(tmp_path / "safe")
    assert not certificates.read().renewable
    Seal(SealSettings(tmp_path)).sign(PLAIN, "png", CLAIM)
    with pytest.raises(CommandError, match="bring it back"):
        certificates.renew(NOW)


def test_another_roots_key_is_refused(tmp_path: Path) -> None:
    certificates, other = Certificates(tmp_path / "a"), Certificates(tmp_path / "b")
    certificates.make("A site", NOW)
    other.make("Another", NOW)
    (other.folder / "key-of-root.pem").replace(certificates.folder / "key-of-root.pem")
    with pytest.raises(CommandError, match=r"is not the key of root-0001\.pem"):
        certificates.renew(NOW)


def test_a_leaf_that_ends_soon_is_renewed_by_itself(tmp_path: Path) -> None:
    made = Certificates(tmp_path).make("A site", NOW - dt.timedelta(days=340))
    seal = open_seal(SealSettings(tmp_path))
    assert seal is not None
    assert seal.credentials.ends > made.ends + dt.timedelta(days=300)
    assert read_credentials(
        seal.sign(PLAIN, "png", CLAIM).data, "png", made.anchors
    ).status == "trusted"  # fmt: skip


def test_the_end_of_a_leaf_that_cannot_be_renewed_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW - dt.timedelta(days=340))
    (certificates.folder / "key-of-root.pem").unlink()
    with caplog.at_level(logging.WARNING, "server.provenance.seal"):
        open_seal(SealSettings(tmp_path))
    assert "ends in 2" in caplog.text


def test_an_ended_leaf_does_not_start(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW - dt.timedelta(days=400))
    (certificates.folder / "key-of-root.pem").unlink()
    with pytest.raises(CommandError, match="ended on"):
        open_seal(SealSettings(tmp_path))


def test_what_was_never_initialised_seals_only_on_demand(tmp_path: Path) -> None:
    assert open_seal(SealSettings(tmp_path)) is None
    with pytest.raises(CommandError, match="provenance init"):
        open_seal(SealSettings(tmp_path, wanted="on"))


def test_off_seals_nothing(tmp_path: Path) -> None:
    Certificates(tmp_path).make("A site", NOW)
    assert open_seal(SealSettings(tmp_path, wanted="off")) is None


def own_files(folder: Path, chain_of: Path, key_of: Path) -> tuple[Path, Path]:
    """A chain and a key as an operator brings them."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_text(Certificates(chain_of).read().chain)
    key.write_text(Certificates(key_of).read().key)
    return chain, key


def test_a_site_may_bring_its_own_chain(tmp_path: Path) -> None:
    Certificates(tmp_path).make("Bought", NOW)
    chain, key = own_files(tmp_path, tmp_path, tmp_path)
    seal = open_seal(SealSettings(tmp_path / "data", chain=chain, key=key))
    assert seal is not None
    found = read_credentials(seal.sign(PLAIN, "png", CLAIM).data, "png", seal.anchors)
    assert (found.status, found.issuer) == ("trusted", "Bought")


def test_a_key_of_another_certificate_is_refused_at_the_start(tmp_path: Path) -> None:
    Certificates(tmp_path / "a").make("A", NOW)
    Certificates(tmp_path / "b").make("B", NOW)
    chain, key = own_files(tmp_path, tmp_path / "a", tmp_path / "b")
    with pytest.raises(CommandError, match="is not the key of the first certificate"):
        read_own(chain, key, NOW)
    with pytest.raises(CommandError, match="belong together"):
        open_seal(SealSettings(tmp_path, chain=chain))


def test_a_certificate_that_readers_would_not_trust_is_refused_at_the_start(tmp_path: Path) -> None:
    Certificates(tmp_path).make("A site", NOW)
    chain, key = own_files(tmp_path, tmp_path, tmp_path)
    leaf_only = chain.read_text().split("-----END CERTIFICATE-----\n")[0]
    other = Certificates(tmp_path / "b").make("B", NOW).anchors
    chain.write_text(f"{leaf_only}-----END CERTIFICATE-----\n{other}")
    with pytest.raises(CommandError, match="content credentials cannot be made"):
        Seal(SealSettings(tmp_path, chain=chain, key=key))


def test_the_commands_make_show_try_and_export(tmp_path: Path) -> None:
    made = seedbed(tmp_path, "provenance", "init", "--organisation", "Our house")
    assert made.returncode == 0, made.stderr
    told = json.loads(seedbed(tmp_path, "provenance", "status", "--json").stdout)
    assert told["organisation"] == "Our house"
    assert told["renews_itself"] is True
    assert told["days_left"] in {364, 365}
    Certificates(tmp_path / "data").renew_root(NOW)
    roots = seedbed(tmp_path, "provenance", "export-root").stdout
    assert roots == Certificates(tmp_path / "data").anchors()
    assert roots.count("BEGIN CERTIFICATE") == 2
