"""The API description works with the cable pulled: every byte it needs comes from this server."""

import hashlib
import re
import socket
import threading
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from server import docs_page
from server.docs_page import DOCS_PATH, mount_docs

FOLDER = Path(docs_page.__file__).parent / "swagger"
VENDORED = tomllib.loads((FOLDER / "VENDORED.toml").read_text())
OURS = {"VENDORED.toml", "docs.html", "docs.js"}


class Links(HTMLParser):
    """Collects what a page names, its inline scripts and its event handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.urls += [v for k, v in attrs if k in {"href", "src", "action"} and v]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [k for k in given if k.startswith("on") or k == "style"]


def links(page: str) -> Links:
    parsed = Links()
    parsed.feed(page)
    return parsed


@pytest.fixture(scope="module")
def site() -> Iterator[httpx2.Client]:
    """A real server on a loopback port. Its socket listens first: no call comes early."""
    app = FastAPI(docs_url=None, redoc_url=None)
    mount_docs(app)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx2.Client(base_url=address, timeout=10) as client:
        yield client
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("name", VENDORED["sha256"])
def test_a_vendored_file_is_byte_for_byte_the_published_one(name: str) -> None:
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == VENDORED["sha256"][name]


def test_every_file_of_the_folder_is_ours_or_accounted_for() -> None:
    assert {file.name for file in FOLDER.iterdir()} == OURS | set(VENDORED["sha256"])


def test_the_vendored_version_and_licence_are_named() -> None:
    assert re.fullmatch(r"5\.\d+\.\d+", VENDORED["version"])
    assert VENDORED["licence"] == "Apache-2.0"
    assert "Apache License" in (FOLDER / "LICENSE").read_text()


def test_the_page_is_served_as_html(site: httpx2.Client) -> None:
    page = site.get(DOCS_PATH)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "seedbed" in page.text


def test_every_url_of_the_page_is_answered_by_this_server(site: httpx2.Client) -> None:
    urls = [url for url in links(site.get(DOCS_PATH).text).urls if not url.startswith("data:")]
    assert len(urls) == 4
    for url in urls:
        answer = site.get(urljoin(DOCS_PATH, url))
        assert answer.status_code == 200, url
        assert answer.content


def test_nothing_of_ours_points_to_another_host(site: httpx2.Client) -> None:
    named = links(site.get(DOCS_PATH).text).urls
    named += re.findall(r"url: \"([^\"]*)\"", site.get(f"{DOCS_PATH}/docs.js").text)
    assert "openapi.json" in named
    assert [url for url in named if urlsplit(url).netloc] == []


def test_the_style_sheet_loads_nothing_but_itself(site: httpx2.Client) -> None:
    style = site.get(f"{DOCS_PATH}/swagger-ui.css").text
    targets = re.findall(r"url\(\s*[\"']?([^\"')]{0,20})", style)
    assert targets
    assert [target for target in targets if not target.startswith("data:")] == []
    assert "@import" not in style


def test_the_description_the_page_reads_is_there(site: httpx2.Client) -> None:
    """Relative to the page, so that it is found behind a proxy's path prefix too."""
    script = site.get(f"{DOCS_PATH}/docs.js").text
    (source,) = re.findall(r"\burl: \"([^\"]*)\"", script)
    assert site.get(urljoin(DOCS_PATH, source)).json()["openapi"].startswith("3.")


def test_the_descriptions_validator_elsewhere_is_switched_off(site: httpx2.Client) -> None:
    assert "validatorUrl: null" in site.get(f"{DOCS_PATH}/docs.js").text


def test_the_policy_allows_this_server_only_and_no_inline_script(site: httpx2.Client) -> None:
    page = site.get(DOCS_PATH)
    policy = {
        rule.split()[0]: rule.split()[1:]
        for rule in page.headers["content-security-policy"].split(";")
    }
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'"]
    allowed = {source for sources in policy.values() for source in sources}
    assert allowed <= {"'none'", "'self'", "data:", "blob:"}
    assert links(page.text).inline == []


@pytest.mark.parametrize(
    ("name", "kind"), [("docs.js", "text/javascript"), ("swagger-ui.css", "text/css")]
)
def test_files_have_their_type_and_may_not_be_sniffed(
    site: httpx2.Client, name: str, kind: str
) -> None:
    answer = site.get(f"{DOCS_PATH}/{name}")
    assert answer.headers["content-type"].split(";")[0] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_does_not_describe_itself(site: httpx2.Client) -> None:
    assert site.get("/openapi.json").json()["paths"] == {}


def test_only_the_named_files_can_be_fetched(site: httpx2.Client) -> None:
    assert site.get(f"{DOCS_PATH}/VENDORED.toml").status_code == 404
    assert site.get(f"{DOCS_PATH}/..%2fdocs_page.py").status_code == 404


def test_head_works(site: httpx2.Client) -> None:
    assert site.head(DOCS_PATH).status_code == 200


def test_an_app_with_fastapis_own_page_is_refused() -> None:
    with pytest.raises(AssertionError, match="another host"):
        mount_docs(FastAPI())
