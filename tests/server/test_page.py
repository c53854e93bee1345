"""The page for browsers: who gets it, what it is served with, and that it needs nothing from elsewhere."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from mlxk.server import page
from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from tests.server.conftest import Running

FILE = Path(page.__file__).with_name("index.html")
# What browsers send when they go to an address.
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
BANNER = "Ollama is running"


class Elements(HTMLParser):
    """The elements of a page, with their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def text() -> str:
    return FILE.read_text()


@pytest.fixture(scope="module")
def elements(text: str) -> list[tuple[str, dict[str, str | None]]]:
    return Elements(text).all


def get(server: Running, path: str = "/", **headers: str) -> httpx.Response:
    return httpx.get(f"{server.address}{path}", headers={**BROWSER, **headers})


def facts(answer: httpx.Response) -> dict[str, object]:
    """What the server said of itself in the page."""
    (said,) = re.findall(r'<script type="application/json" id="server">(.*?)</script>', answer.text)
    return json.loads(said)


def test_browsers_get_the_page(server: Running) -> None:
    answer = get(server)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["vary"] == "accept"
    assert answer.text.startswith("<!DOCTYPE html>")
    assert facts(answer) == {
        "routes": {
            "openai.chat": "/v1/chat/completions",
            "openai.models": "/v1/models",
            "metrics": "/metrics",
        },
        "key": False,
    }


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/plain", "x-text/html"])
def test_programs_get_the_banner(server: Running, accept: str) -> None:
    answer = httpx.get(server.address, headers={"accept": accept})
    assert (answer.status_code, answer.text) == (200, BANNER)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["vary"] == "accept"


def test_its_headers_can_be_asked_alone(server: Running) -> None:
    whole, head = get(server), httpx.head(server.address, headers=BROWSER)
    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "content-security-policy"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_page_that_is_known_is_not_sent_again(server: Running, form: str) -> None:
    etag = get(server).headers["etag"]
    answer = get(server, **{"if-none-match": form.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    assert get(server, **{"if-none-match": '"other"'}).status_code == 200


def test_a_profile_can_move_it_and_take_it_away(start_server: Callable[..., Running]) -> None:
    server = start_server(routes={"/": False, "/talk": "page", "/v1/chat/completions": False})
    assert get(server).status_code == 404
    answer = get(server, "/talk")
    assert answer.status_code == 200
    assert facts(answer)["routes"] == {"openai.models": "/v1/models", "metrics": "/metrics"}


def test_a_profile_can_have_the_banner_alone(start_server: Callable[..., Running]) -> None:
    server = start_server(routes={"/": "banner"})
    assert get(server).text == BANNER


def test_paths_are_those_of_the_profile(start_server: Callable[..., Running]) -> None:
    server = start_server(routes={"/v1/chat/completions": False, '/a"&b': "openai.chat", "/m": "metrics"})
    routes = facts(get(server))["routes"]
    assert isinstance(routes, dict)
    assert routes["openai.chat"] == '/a"&b'
    assert routes["metrics"] == "/metrics"


def test_it_is_shown_without_a_key_and_says_that_one_is_needed(start_server: Callable[..., Running]) -> None:
    server = start_server(guard=Guard("127.0.0.1", keys=Keyring([("ann", "sesame")])))
    answer = get(server)
    assert answer.status_code == 200
    assert facts(answer)["key"] is True
    assert "sesame" not in answer.text
    assert httpx.get(f"{server.address}/v1/models").status_code == 401


def test_other_hosts_and_methods_are_refused(server: Running) -> None:
    assert get(server, host="evil.example").status_code == 403
    assert get(server, origin="https://evil.example").status_code == 403
    assert httpx.post(server.address, headers=BROWSER, json={}).status_code == 405


def test_its_policy_lets_in_its_own_script_and_style_alone(server: Running, text: str) -> None:
    answer = get(server)
    policy = dict(
        rule.strip().partition(" ")[::2] for rule in answer.headers["content-security-policy"].split(";")
    )
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = b64encode(sha256(inside.encode()).digest()).decode()
        assert policy.pop(f"{tag}-src") == f"'sha256-{digest}'"
    assert policy == {
        "default-src": "'none'",
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_it_needs_nothing_from_elsewhere(
    text: str, elements: list[tuple[str, dict[str, str | None]]]
) -> None:
    for tag, attributes in elements:
        assert "src" not in attributes, tag
        assert (attributes.get("href") or "#").startswith(("#", "data:")), attributes
    # A namespace is a name, and no address that is fetched.
    names = text.replace("'http://www.w3.org/2000/svg'", "").replace("='http://www.w3.org/", "")
    assert not re.search(r"(?<![\\(])https?://\w", names)
    assert not re.search(r"@import|url\(", text)


def test_no_text_becomes_markup(text: str, elements: list[tuple[str, dict[str, str | None]]]) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", text
    )
    for tag, attributes in elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag


def test_what_it_refers_to_is_there(text: str, elements: list[tuple[str, dict[str, str | None]]]) -> None:
    names = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(names) == len(set(names))
    asked = set(re.findall(r"\$\('([\w-]+)'\)", text))
    for _, attributes in elements:
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            asked |= set((attributes.get(name) or "").split())
    assert asked <= set(names)


def test_every_field_and_region_has_a_name(
    text: str, elements: list[tuple[str, dict[str, str | None]]]
) -> None:
    labelled = {attributes.get("for") for tag, attributes in elements if tag == "label"}
    for inside in re.findall(r"<label>(.*?)</label>", text, re.DOTALL):
        labelled |= {attributes.get("id") for _, attributes in Elements(inside).all}
    for tag, attributes in elements:
        if tag in ("input", "select", "textarea"):
            assert attributes["id"] in labelled, attributes
        if tag in ("nav", "dialog", "section") or attributes.get("role") in ("region", "img"):
            assert attributes.get("aria-label") or attributes.get("aria-labelledby"), attributes
    assert [attributes for tag, attributes in elements if tag == "html" and attributes.get("lang") == "en"]


def test_it_is_light_and_dark(text: str) -> None:
    assert "prefers-color-scheme: dark" in text
    assert "prefers-reduced-motion" in text
