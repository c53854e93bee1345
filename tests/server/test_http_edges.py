"""What HTTP can bring: bad bodies, wrong paths and methods, foreign hosts and pages."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from tests.server.conftest import Running

CHAT = "/v1/chat/completions"
GOOD = {"messages": [{"role": "user", "content": "text:hi"}]}


def post(server: Running, content: bytes | str, **headers: str) -> httpx.Response:
    headers = {"content-type": "application/json", **headers}
    return httpx.post(server.address + CHAT, content=content, headers=headers)


def raw(server: Running, data: bytes) -> bytes:
    """What the server says to these bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
        sock.sendall(data)
        return b"".join(iter(lambda: sock.recv(65536), b""))


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b'"x"', "must be a JSON object"),
        (b'{"messages": "\xff"}', "not valid JSON"),
        (b'{"messages": "\\ud800"}', "not valid JSON"),
        (b'{"temperature": NaN}', "not valid JSON"),
        (b'{"temperature": 1e999}', "not valid JSON"),
        (b'{"a":' * 90_0 + b"1" + b"}" * 90_0, "nested"),
        (b"[" * 90_000, "nested"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
    ],
)
def test_bad_bodies(server: Running, body: bytes, part: str) -> None:
    answer = post(server, body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert part in error["message"]
    assert error["type"] == "invalid_request_error"
    assert error["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/chat/completions", {"param": "seed", "code": "invalid_request"}),
        ("/v1/responses", {"param": "seed", "code": "invalid_request"}),
        ("/v1/messages", {"type": "invalid_request_error"}),
        ("/api/chat", None),
    ],
)
def test_two_equal_keys(server: Running, path: str, expected: dict[str, str] | None) -> None:
    answer = httpx.post(
        server.address + path,
        content=b'{"seed": 1, "messages": [], "seed": 2}',
        headers={"content-type": "application/json"},
    )
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert "The key 'seed' stands twice in one object." in (error if expected is None else error["message"])
    assert expected is None or expected.items() <= error.items()


def test_unknown_field(server: Running) -> None:
    error = post(server, json.dumps({**GOOD, "temprature": 1})).json()["error"]
    assert error["message"] == "Unrecognized request argument supplied: temprature. Did you mean temperature?"
    assert error["param"] == "temprature"


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "multipart/form-data", "application/json; charset=latin-1", "application/xml"],
)
def test_content_types(server: Running, content_type: str) -> None:
    answer = post(server, json.dumps(GOOD), **{"content-type": content_type})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "", "text/plain; charset=utf-8", "application/octet-stream"],
)
def test_programs_may_send_json_as_their_tools_do_and_pages_not(server: Running, content_type: str) -> None:
    said = {"content-type": content_type}
    assert post(server, json.dumps(GOOD), **said).status_code == 200
    for mark in ({"origin": server.address}, {"sec-fetch-site": "none"}, {"referer": "http://localhost/"}):
        assert post(server, json.dumps(GOOD), **said, **mark).status_code == 415


def test_errors_have_the_form_of_what_is_nearest(server: Running) -> None:
    def error(path: str, **headers: str) -> object:
        return httpx.get(server.address + path, headers=headers).json()

    assert isinstance(error("/api/nothing")["error"], str)  # type: ignore[index]
    assert isinstance(error("/api/chat", host="evil.example")["error"], str)  # type: ignore[index]
    assert error("/v1/messages/batches")["type"] == "error"  # type: ignore[index]
    for path in ("/v1/nothing", "/nothing", "/health/nothing"):
        assert error(path)["error"]["code"] == "not_found"  # type: ignore[index]


def test_json_with_a_charset_is_json(server: Running) -> None:
    answer = post(server, json.dumps(GOOD), **{"content-type": 'Application/JSON; charset="UTF-8"'})
    assert answer.status_code == 200


def test_compressed_body(server: Running) -> None:
    assert post(server, json.dumps(GOOD), **{"content-encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize("chunked", [False, True])
def test_body_too_large(server: Running, chunked: bool) -> None:
    blob = b" " * 200_000
    body = (blob[i : i + 1000] for i in range(0, len(blob), 1000)) if chunked else blob
    answer = httpx.post(server.address + CHAT, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")


def test_unknown_path(server: Running) -> None:
    answer = httpx.get(server.address + "/v1/nothing")
    assert answer.status_code == 404
    assert "/v1/chat/completions" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", CHAT, "POST"),
        ("POST", "/health", "GET, HEAD"),
        ("DELETE", "/v1/models/scripted", "GET, HEAD"),
        ("OPTIONS", CHAT, "POST"),
        ("BREW", CHAT, "POST"),
    ],
)
def test_wrong_method(server: Running, method: str, path: str, allow: str) -> None:
    answer = httpx.request(method, server.address + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_head(server: Running) -> None:
    answer = httpx.head(server.address + "/v1/models")
    assert (answer.status_code, answer.content) == (200, b"")


def test_every_answer_has_its_headers(server: Running) -> None:
    answers = [
        post(server, json.dumps(GOOD)),
        post(server, "{"),
        httpx.get(server.address + "/nowhere"),
        httpx.get(server.address + "/health"),
        post(server, json.dumps({**GOOD, "stream": True})),
    ]
    for answer in answers:
        assert answer.headers["x-mlxk-config-hash"] == "c0ffee"
        assert answer.headers["x-request-id"].startswith("req_")
        assert "alt-svc" not in answer.headers
    assert answers[-1].headers["content-type"].startswith("text/event-stream")
    assert answers[-1].headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("stream", [False, True])
def test_warnings_are_told_in_a_header(server: Running, stream: bool) -> None:
    body = {
        "messages": [{"role": "user", "content": "warn:old warn:ünder text:hi"}],
        "n": 2,
        "stream": stream,
    }
    answer = post(server, json.dumps(body))
    assert answer.headers["x-mlxk-warning"] == "old; \\xfcnder"
    assert "x-mlxk-warning" not in post(server, json.dumps(GOOD)).headers


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8080", "LOCALHOST"])
def test_own_hosts(server: Running, host: str) -> None:
    assert post(server, json.dumps(GOOD), host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil", "[::1", ""]
)
def test_foreign_hosts(server: Running, host: str) -> None:
    answer = post(server, json.dumps(GOOD), host=host)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert not server.script.requests


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1", 200),
        ("https://evil.example", 403),
        ("null", 403),
        ("http://localhost.evil.example", 403),
        ("http://[", 403),
    ],
)
def test_origins(server: Running, origin: str, status: int) -> None:
    assert post(server, json.dumps(GOOD), origin=origin).status_code == status


def test_missing_host(server: Running) -> None:
    said = raw(server, b"GET /health HTTP/1.1\r\nconnection: close\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET /health HTTP/9.9\r\nhost: localhost\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: localhost\r\nno colon\r\n\r\n",
        b"POST /health HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n",
        b"POST /health HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 20_000 + b"\r\n\r\n",
    ],
)
def test_broken_http(server: Running, data: bytes) -> None:
    said = raw(server, data)
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.split()[1] in {b"400", b"404", b"405", b"413"}
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
    assert b"Traceback" not in said


def test_pipelined_requests_are_answered_in_order(server: Running) -> None:
    one = b"GET /v1/models/scripted HTTP/1.1\r\nhost: localhost\r\n\r\n"
    two = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    said = raw(server, one + two)
    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert said.index(b'"object":"model"') < said.index(b'"status":"ready"')
