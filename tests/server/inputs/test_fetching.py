"""What callers point at is fetched from the public internet and from nowhere else."""

import asyncio
import ipaddress
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.errors import BadImageAddress, ImageTooLarge
from server.inputs.fetching import Fetcher
from server.inputs.hosts import Hosts
from server.inputs.network_guard import ForbiddenAddress, NetworkGuard

PICTURE = b"bytes of a picture"


class Handler(BaseHTTPRequestHandler):
    """Answers a path that says how."""

    hits: ClassVar[list[str]] = []
    headers_seen: ClassVar[list[dict[str, str]]] = []
    held = threading.Event()

    def do_GET(self) -> None:
        self.hits.append(self.path)
        self.headers_seen.append(dict(self.headers))
        if self.path == "/round" or self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("location", self.path.removeprefix("/to/"))
            self.send_header("content-length", "0")
            self.end_headers()
        elif self.path == "/missing":
            self.send_error(404)
        elif self.path == "/slow":
            self.held.wait(20)
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(65536))
            except OSError:
                self.close_connection = True
        else:
            self.send_response(200)
            self.send_header("content-length", str(len(PICTURE)))
            self.end_headers()
            self.wfile.write(PICTURE)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own word
        """Say nothing."""


@contextmanager
def web_server(host: str, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, type[Handler]]]:
    class Own(Handler):
        hits: ClassVar[list[str]] = []
        headers_seen: ClassVar[list[dict[str, str]]] = []
        held = threading.Event()

    server = ThreadingHTTPServer((host, 0), Own)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1], Own
    finally:
        Own.held.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def near() -> Iterator[tuple[int, type[Handler]]]:
    """A server on this machine, which nobody opened."""
    with web_server("127.0.0.1") as found:
        yield found


@pytest.fixture(scope="module")
def far() -> Iterator[tuple[int, type[Handler]]]:
    """A server whose address stands for one that may be asked."""
    with web_server("127.0.0.2") as found:
        yield found


FAR = Hosts.parse("127.0.0.2")


def fetch(url: str, opened: Hosts = FAR, max_bytes: int = 1000, **options: Any) -> bytes:
    guard = NetworkGuard(opened=opened, **options.pop("guard", {}))
    return asyncio.run(Fetcher(guard, **options).fetch(url, "image[1]", max_bytes))


def test_a_picture_is_fetched_from_an_opened_host(far: tuple[int, type[Handler]]) -> None:
    port, handler = far
    assert fetch(f"http://127.0.0.2:{port}/a.png") == PICTURE
    assert handler.headers_seen[-1]["Host"] == f"127.0.0.2:{port}"
    assert "Authorization" not in handler.headers_seen[-1]


def test_a_redirect_is_followed_to_where_it_may_go(far: tuple[int, type[Handler]]) -> None:
    port, _ = far
    assert fetch(f"http://127.0.0.2:{port}/to/http://127.0.0.2:{port}/b.png") == PICTURE


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "[::ffff:127.0.0.1]", "0"]
)
def test_this_machine_is_never_asked(near: tuple[int, type[Handler]], host: str) -> None:
    port, handler = near
    with pytest.raises(BadImageAddress, match="not fetched") as caught:
        fetch(f"http://{host}:{port}/secret")
    assert caught.value.param == "image[1]"
    assert handler.hits == []


def test_x_09_a_redirect_to_this_machine_is_not_followed(
    near: tuple[int, type[Handler]], far: tuple[int, type[Handler]]
) -> None:
    (near_port, near_handler), (far_port, far_handler) = near, far
    url = f"http://127.0.0.2:{far_port}/to/http://127.0.0.1:{near_port}/secret"
    with pytest.raises(BadImageAddress, match="not on the public internet"):
        fetch(url)
    assert far_handler.hits[-1].startswith("/to/")
    assert near_handler.hits == []


def test_an_opened_name_is_pinned_to_the_address_that_was_checked(
    near: tuple[int, type[Handler]], far: tuple[int, type[Handler]]
) -> None:
    (_, near_handler), (port, far_handler) = near, far
    answers = iter(["127.0.0.2", "127.0.0.1"])

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return [next(answers)]

    assert fetch(f"http://pictures.test:{port}/c.png", guard={"resolver": rebinding}) == PICTURE
    assert far_handler.headers_seen[-1]["Host"] == f"pictures.test:{port}"
    assert near_handler.hits == []
    assert next(answers) == "127.0.0.1", "the name was looked up once"


def test_a_name_with_one_forbidden_address_is_forbidden() -> None:
    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", "10.0.0.1"]

    with pytest.raises(BadImageAddress, match="not on the public internet"):
        fetch("http://pictures.test/", guard={"resolver": both})


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "100.100.100.200",
        "10.0.0.1",
        "192.168.1.1",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:169.254.169.254]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:4136:e378:8000:63bf:5601:5601]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::a00:1]",
        "[fec0::1]",
        "[::7f00:1]",
        "[4000::1]",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_no_address_of_a_private_network_is_asked(host: str) -> None:
    with pytest.raises(BadImageAddress, match="not on the public internet"):
        fetch(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://1.1.1.1:22/", "port 22 is not one of a web server"),
        ("http://user:word@1.1.1.1/", "a user name or password"),
        ("file:///etc/passwd", "only http and https"),
        ("ftp://1.1.1.1/a.png", "only http and https"),
        ("gopher://1.1.1.1/", "only http and https"),
        ("http:///a.png", "only http and https"),
        ("https://", "only http and https"),
        ("a.png", "only http and https"),
        ("http://[oops/", "host is not known"),
        ("http://" + "a" * 70_000, "not an address"),
        ("http://no-such-host.invalid/", "host is not known"),
    ],
)
def test_what_no_caller_needs_is_refused(url: str, fault: str) -> None:
    with pytest.raises(BadImageAddress, match=fault):
        fetch(url)


def test_a_closed_network_asks_only_whom_it_listed(far: tuple[int, type[Handler]]) -> None:
    port, _ = far
    assert fetch(f"http://127.0.0.2:{port}/", guard={"public": False}) == PICTURE
    with pytest.raises(BadImageAddress, match="its operator has listed"):
        fetch("http://1.1.1.1/", guard={"public": False})


def test_an_answer_that_is_no_success_is_told(far: tuple[int, type[Handler]]) -> None:
    with pytest.raises(BadImageAddress, match="status 404"):
        fetch(f"http://127.0.0.2:{far[0]}/missing")


def test_no_more_is_read_than_may_be(far: tuple[int, type[Handler]]) -> None:
    with pytest.raises(ImageTooLarge, match="at most 100000 bytes"):
        fetch(f"http://127.0.0.2:{far[0]}/endless", max_bytes=100_000)


def test_a_server_that_does_not_answer_is_left(far: tuple[int, type[Handler]]) -> None:
    with pytest.raises(BadImageAddress, match=r"within 0\.1 seconds"):
        fetch(f"http://127.0.0.2:{far[0]}/slow", timeout_s=0.1)


def test_redirects_end(far: tuple[int, type[Handler]]) -> None:
    with pytest.raises(BadImageAddress, match="redirects too often"):
        fetch(f"http://127.0.0.2:{far[0]}/round")
    assert far[1].hits.count("/round") == 4


def test_a_proxy_of_the_environment_is_not_used(
    far: tuple[int, type[Handler]], near: tuple[int, type[Handler]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{near[0]}")
    monkeypatch.setenv("no_proxy", "")
    assert fetch(f"http://127.0.0.2:{far[0]}/d.png") == PICTURE
    assert near[1].hits == []


def test_hosts_are_named_by_name_by_domain_and_by_network() -> None:
    hosts = Hosts.parse(" Pictures.lan, *.intern.example ,10.1.0.0/16,fd00::/8,192.168.1.7")
    assert hosts.name("pictures.lan")
    assert hosts.name("a.b.intern.example.")
    assert not hosts.name("intern.example")
    assert not hosts.name("evilintern.example")
    assert hosts.hold(ipaddress.ip_address("10.1.2.3"))
    assert hosts.hold(ipaddress.ip_address("192.168.1.7"))
    assert not hosts.hold(ipaddress.ip_address("10.2.0.1"))
    assert not Hosts.parse("").name("")


@pytest.mark.parametrize("text", ["http://a.lan", "a.lan:80", "*", "*.", "10.1.0.0/99", "10.1.2"])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither a host|host bits"):
        Hosts.parse(text)


def test_a_listed_name_may_be_anywhere_but_at_the_metadata() -> None:
    async def metadata(_host: str, _port: int) -> Sequence[str]:
        return ["169.254.169.254"]

    guard = NetworkGuard(opened=Hosts.parse("pictures.lan"), resolver=metadata)
    with pytest.raises(ForbiddenAddress):
        asyncio.run(guard.address_for(httpx2.URL("http://pictures.lan/")))


def certificate(folder: Path, name: str) -> Path:
    """A key and a certificate that it signed for a name itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / f"{name}.pem"
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return path


def test_over_https_the_name_is_asked_and_proved_though_the_address_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    proof = certificate(tmp_path, "pictures.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(proof))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(proof)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    async def far(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.2"]

    with web_server("127.0.0.2", context) as (port, _):
        guard = {"resolver": far}
        assert fetch(f"https://pictures.test:{port}/a.png", guard=guard) == PICTURE
        with pytest.raises(BadImageAddress, match="could not be fetched"):
            fetch(f"https://others.test:{port}/a.png", guard=guard)
    assert asked == ["pictures.test", "others.test"]
