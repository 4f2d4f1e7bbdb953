"""Whom to trust is told to everybody, and with no secret in it."""

import datetime as dt
from functools import partial
from pathlib import Path

import httpx2
from cryptography import x509

from server.http.auth import ROOTS
from server.provenance.certificates import Certificates
from server.provenance.seal import SealSettings, trusted_roots
from tests.server.conftest import serving
from tests.server.drawer import Drawer


def test_the_roots_are_told_without_a_key(drawer: Drawer, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.make("A site", dt.datetime.now(dt.UTC))
    certificates.renew_root(dt.datetime.now(dt.UTC))
    with serving(drawer, tmp_path, roots=partial(trusted_roots, SealSettings(tmp_path))) as site:
        answer = httpx2.get(f"{site.url}{ROOTS}")
        assert httpx2.get(f"{site.url}/.well-known/leaf.pem").status_code == 401
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pem-certificate-chain"
    assert x509.load_pem_x509_certificates(answer.content) == certificates.roots()
    assert "PRIVATE" not in answer.text


def test_roots_that_are_made_later_are_told_at_once(drawer: Drawer, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with serving(drawer, tmp_path, roots=partial(trusted_roots, SealSettings(tmp_path))) as site:

        def told() -> list[x509.Certificate]:
            answer = httpx2.get(f"{site.url}{ROOTS}")
            return x509.load_pem_x509_certificates(answer.content)

        assert httpx2.get(f"{site.url}{ROOTS}").status_code == 404
        certificates.make("A site", dt.datetime.now(dt.UTC))
        first = told()
        assert first == certificates.roots()
        certificates.renew_root(dt.datetime.now(dt.UTC))
        both = told()
        assert both == certificates.roots()
        assert both[1:] == first
        (certificates.folder / "root-0002.pem").write_text("spoilt")
        assert told() == both, "what cannot be read is as it was"


def test_a_server_without_certificates_says_so(stranger: httpx2.Client) -> None:
    answer = stranger.get(ROOTS)
    assert answer.status_code == 404
    assert "has no certificates" in answer.json()["error"]["message"]
