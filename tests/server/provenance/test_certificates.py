"""The site's certificates: made once, renewed, never overwritten, and proved before use."""

import datetime as dt
import logging
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import c2pa
import numpy as np
import pytest
from cryptography import x509

from pipelines.post.encode import encode
from pipelines.provenance.credentials import Claim, SealingFailed, Signer, read_credentials
from server.provenance.archive import seal_reader
from server.provenance.authority import LEAF_DAYS, make_leaf, make_root, pem, private_pem
from server.provenance.certificates import Certificates, read_brought
from server.provenance.seal import Seal, SealSettings, open_seal, prove, trusted_roots
from server.terminal import CommandError

NOW = dt.datetime.now(dt.UTC)
CLAIM = Claim("192af6e44a817c0e", "embedded", "0.1.0", marked=True)
PLAIN = encode(np.zeros((32, 32, 3), np.uint8), "png")


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW)
    assert stat.S_IMODE(certificates.folder.stat().st_mode) == 0o700
    files = list(certificates.folder.iterdir())
    assert {path.name for path in files} == {
        ".lock",
        "leaf.pem",
        "root-0001.key",
        "root-0001.pem",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_second_init_overwrites_nothing(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    before = certificates.make("A site", NOW)
    with pytest.raises(CommandError, match="has certificates already"):
        certificates.make("Another", NOW)
    assert certificates.read() == before


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "two\nlines", "\x1b[31mred"])
def test_a_name_that_readers_could_not_show_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="the organisation must have"):
        Certificates(tmp_path).make(name, NOW)
    assert list(tmp_path.iterdir()) == []


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
    (certificates.folder / "root-0001.key").rename(tmp_path / "safe")
    assert not certificates.read().renewable
    Seal(SealSettings(tmp_path)).sign(PLAIN, "png", CLAIM)
    with pytest.raises(CommandError, match="bring it back"):
        certificates.renew(NOW)


def test_another_roots_key_is_refused(tmp_path: Path) -> None:
    certificates, other = Certificates(tmp_path / "a"), Certificates(tmp_path / "b")
    certificates.make("A site", NOW)
    other.make("Another", NOW)
    (other.folder / "root-0001.key").replace(certificates.folder / "root-0001.key")
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
    made = certificates.make("A site", NOW - dt.timedelta(days=340))
    (certificates.folder / "root-0001.key").unlink()
    with caplog.at_level(logging.WARNING, "server.provenance.seal"):
        open_seal(SealSettings(tmp_path))
    assert f"should be followed by the next by {made.due:%Y-%m-%d}" in caplog.text


def test_an_ended_leaf_does_not_start(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW - dt.timedelta(days=LEAF_DAYS + 1))
    (certificates.folder / "root-0001.key").unlink()
    with pytest.raises(CommandError, match="bring the root's key back"):
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
        read_brought(chain, key)
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


def test_what_the_site_made_stays_trusted_beside_a_chain_that_it_brought(tmp_path: Path) -> None:
    Certificates(tmp_path / "data").make("Made", NOW)
    before = Seal(SealSettings(tmp_path / "data")).sign(PLAIN, "png", CLAIM).data
    Certificates(tmp_path / "shop").make("Bought", NOW)
    Certificates(tmp_path / "stranger").make("Stranger", NOW)
    chain, key = own_files(tmp_path, tmp_path / "shop", tmp_path / "shop")
    settings = SealSettings(tmp_path / "data", chain=chain, key=key)
    read = seal_reader(settings)
    assert read(before, "png").status == "trusted"
    assert read(Seal(settings).sign(PLAIN, "png", CLAIM).data, "png").status == "trusted"
    foreign = Seal(SealSettings(tmp_path / "stranger")).sign(PLAIN, "png", CLAIM).data
    assert read(foreign, "png").status == "valid"


def test_a_running_verifier_trusts_a_new_root_and_no_more_the_one_that_was_taken_away(
    tmp_path: Path,
) -> None:
    site = Certificates(tmp_path)
    site.make("Made", NOW)
    settings = SealSettings(tmp_path)
    read, before = seal_reader(settings), Seal(settings).sign(PLAIN, "png", CLAIM).data
    site.renew_root(NOW)
    after = Seal(settings).sign(PLAIN, "png", CLAIM).data
    assert [read(data, "png").status for data in (before, after)] == ["trusted"] * 2
    (site.folder / "root-0001.pem").unlink()
    assert [read(data, "png").status for data in (before, after)] == ["valid", "trusted"]
    (site.folder / "root-0002.pem").write_text("damaged")
    assert read(after, "png").status == "trusted", "as it was before"


def test_others_whom_the_seller_of_a_chain_vouches_for_are_not_trusted(tmp_path: Path) -> None:
    """One root, two customers."""
    root, root_key = make_root("Seller", NOW)
    sealed = {}
    for name in ("Ours", "Theirs"):
        named = make_root(name, NOW)[0]
        leaf, leaf_key = make_leaf(root, root_key, NOW, named.subject)
        (tmp_path / f"{name}.pem").write_text(pem(leaf) + pem(root))
        (tmp_path / f"{name}.key").write_text(private_pem(leaf_key))
        settings = SealSettings(
            tmp_path, chain=tmp_path / f"{name}.pem", key=tmp_path / f"{name}.key"
        )
        sealed[name] = Seal(settings).sign(PLAIN, "png", CLAIM).data
    read = seal_reader(
        SealSettings(tmp_path, chain=tmp_path / "Ours.pem", key=tmp_path / "Ours.key")
    )
    assert read(sealed["Ours"], "png").status == "trusted"
    assert read(sealed["Theirs"], "png").status == "valid"


def test_of_two_that_initialise_at_once_one_is_refused(tmp_path: Path) -> None:
    def make(name: str) -> str | None:
        try:
            return Certificates(tmp_path).make(name, NOW).organisation
        except CommandError:
            return None

    with ThreadPoolExecutor(4) as pool:
        made = [one for one in pool.map(make, "ABCD") if one is not None]
    assert len(made) == 1
    assert Seal(SealSettings(tmp_path)).credentials.organisation == made[0]
    assert len(Certificates(tmp_path).roots()) == 1


def test_a_leaf_is_believed_long_after_it_was_followed(tmp_path: Path) -> None:
    """Readers call a seal broken from the day that its leaf ends."""
    made = Certificates(tmp_path).make("A site", NOW)
    assert made.due - NOW < dt.timedelta(days=366)
    assert made.ends - made.due > dt.timedelta(days=3280)


def test_the_last_root_takes_the_key_of_the_one_before_off_the_disk(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW)
    certificates.renew_root(NOW)
    names = {path.name for path in certificates.folder.iterdir()} - {".lock", "leaf.pem"}
    assert names == {"root-0001.pem", "root-0002.pem", "root-0002.key"}


def test_a_root_that_was_cut_off_while_it_was_made_does_no_harm(tmp_path: Path) -> None:
    """The key is on the disk, the root is not."""
    certificates = Certificates(tmp_path)
    before = certificates.make("A site", NOW)
    (certificates.folder / "root-0002.key").write_text("half a ke")
    (certificates.folder / ".root-0002.pem.0123456789abcdef.tmp").write_text("half")
    assert certificates.read() == before
    certificates.renew(NOW)
    assert list(certificates.folder.glob("*.tmp")) == []
    assert certificates.renew_root(NOW).anchors.endswith(before.anchors)


def test_a_running_server_takes_what_somebody_renewed(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    first = certificates.make("A site", NOW)
    seal = Seal(SealSettings(tmp_path))
    seal.look_after()
    assert seal.credentials == first
    second = certificates.renew(NOW)
    seal.look_after()
    assert seal.credentials == second
    found = read_credentials(seal.sign(PLAIN, "png", CLAIM).data, "png", first.anchors)
    assert found.status == "trusted"


def test_a_chain_that_broke_while_the_server_ran_leaves_the_old_one_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Certificates(tmp_path).make("A site", NOW)
    seal = Seal(SealSettings(tmp_path))
    (tmp_path / "credentials" / "leaf.pem").write_text("junk")
    seal.look_after()
    assert "cannot be replaced" in caplog.text
    seal.sign(PLAIN, "png", CLAIM)


def later(seal_of: Path, days: int) -> tuple[Seal, Callable[[], None]]:
    """A seal, and how to let so many days pass and let it look after itself."""
    clock = [NOW]
    seal = Seal(SealSettings(seal_of), lambda: clock[0])

    def pass_by() -> None:
        clock[0] += dt.timedelta(days=days)
        seal.look_after()

    return seal, pass_by


def test_a_folder_in_which_nothing_can_be_tidied_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW)
    seal, pass_by = later(tmp_path, days=340)
    (certificates.folder / ".stuck.tmp").mkdir()
    pass_by()
    assert "cannot be replaced" in caplog.text
    seal.sign(PLAIN, "png", CLAIM)


def test_that_the_roots_key_was_taken_away_meanwhile_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW)
    _, pass_by = later(tmp_path, days=340)
    (certificates.folder / "root-0001.key").unlink()
    pass_by()
    assert "the root's key is not here" in caplog.text


def test_a_warning_is_written_once_a_day(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", NOW - dt.timedelta(days=340))
    (certificates.folder / "root-0001.key").unlink()
    clock = [NOW]
    seal = Seal(SealSettings(tmp_path), lambda: clock[0])
    times = [NOW + dt.timedelta(hours=hours) for hours in (0, 1, 2, 24)]
    for time in times:
        clock[0] = time
        seal.look_after()
    assert len(caplog.records) == len({time.date() for time in times})


def test_a_library_that_makes_thumbnails_all_the_same_is_found_out(tmp_path: Path) -> None:
    """It takes a misspelt setting without a word."""
    made = Certificates(tmp_path).make("A site", NOW)
    signer = Signer(made.chain, made.key, made.anchors)
    prove(signer, "png", made.anchors)
    signer._context = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabeld": False}}})
    with pytest.raises(SealingFailed, match="thumbnails"):
        prove(signer, "png", made.anchors)


def test_a_chain_that_names_nobody_is_refused(tmp_path: Path) -> None:
    root, root_key = make_root("A site", NOW)
    leaf, leaf_key = make_leaf(root, root_key, NOW, x509.Name([]))
    (tmp_path / "chain.pem").write_text(pem(leaf) + pem(root))
    (tmp_path / "key.pem").write_text(private_pem(leaf_key))
    with pytest.raises(CommandError, match="names no organisation"):
        read_brought(tmp_path / "chain.pem", tmp_path / "key.pem")
