"""A small Hugging Face hub on loopback, over real HTTP, with the faults that real ones have.

What it answers was read off huggingface_hub's client: model info, the tree, `resolve` with its headers and
ranges, `auth-check`, the search, and for uploads: create, preupload, the LFS batch, commit.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_good"
_LFS = (".safetensors", ".gguf", ".bin")


@dataclass
class Repo:
    """One repository. `files` is its tree; every revision in `history` is another one.

    `xet` are the Xet hashes of files that are in a Xet store too.
    """

    name: str
    files: dict[str, bytes]
    private: bool = False
    gated: bool = False
    members: tuple[str, ...] = (TOKEN,)
    tags: dict[str, str] = field(default_factory=dict)
    history: dict[str, dict[str, bytes]] = field(default_factory=dict)
    xet: dict[str, str] = field(default_factory=dict)

    @property
    def commit(self) -> str:
        listed = "".join(path + etag(path, data) for path, data in sorted(self.files.items()))
        return hashlib.sha1(f"{self.name}{listed}".encode()).hexdigest()

    def tree(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """Commit and files of a branch, a tag or a commit."""
        revision = self.tags.get(revision, revision)
        if revision in ("main", self.commit):
            return self.commit, self.files
        return (revision, self.history[revision]) if revision in self.history else None

    def change(self, **files: bytes) -> None:
        """A new commit on main; the old one stays reachable."""
        self.history[self.commit] = dict(self.files)
        self.files |= files


@dataclass
class Fault:
    """What goes wrong, for `times` requests whose path and query hold `path`.

    `status` is answered instead; `cut` ends the connection after so many bytes of the body; `body` is sent
    instead of the right one; `hold` is waited for after `cut` bytes, the connection staying open; then
    `reached` is set. `whole`: requests for a range are spared.
    """

    path: str
    method: str = "GET"
    times: int = 1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    body: bytes | None = None
    hold: threading.Event | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    whole: bool = False


@dataclass
class Hub:
    """A running hub. `requests` is what was asked: method, path, headers. `store` is the Xet store's URL."""

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    created: list[dict[str, Any]] = field(default_factory=list)
    store: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, files: dict[str, bytes] | Path, **options: Any) -> Repo:
        """A repository with these files, or with those of a folder."""
        if isinstance(files, Path):
            files = {
                path.relative_to(files).as_posix(): path.read_bytes()
                for path in files.rglob("*")
                if path.is_file()
            }
        self.repos[name] = Repo(name, files, **options)
        return self.repos[name]

    def fault(self, path: str, **options: Any) -> Fault:
        self.faults.append(Fault(path, **options))
        return self.faults[-1]

    def asked(self, method: str, part: str) -> int:
        """How many requests of a method had `part` in their path."""
        return sum(1 for verb, path, _ in self.requests if verb == method and part in path)

    def take_fault(self, method: str, path: str, *, ranged: bool) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                spared = fault.times < 1 or (fault.whole and ranged)
                if fault.method == method and fault.path in path and not spared:
                    fault.times -= 1
                    return fault
        return None


@functools.lru_cache(maxsize=256)
def etag(path: str, data: bytes) -> str:
    """As the hub names content: SHA-256 of large files, git's SHA-1 of others."""
    if path.endswith(_LFS):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def running() -> Iterator[Hub]:
    """A hub on a free port until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        for fault in hub.faults:
            if fault.hold is not None:
                fault.hold.set()
        server.shutdown()
        server.server_close()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.hub = hub
    return Handler


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on stderr."""

    def do_HEAD(self) -> None:
        self._answer()

    do_GET = do_HEAD  # noqa: N815 - the names are http.server's
    do_POST = do_HEAD  # noqa: N815
    do_PUT = do_HEAD  # noqa: N815

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        self.query = query
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else b""
        self.hub.requests.append((self.command, path, dict(self.headers)))
        self.fault = self.hub.take_fault(self.command, self.path, ranged="Range" in self.headers)
        if self.fault is not None and self.fault.status is not None:
            return self._send(self.fault.status, self.fault.body or b"{}", self.fault.headers)
        for pattern, act in _ROUTES:
            if match := re.fullmatch(pattern, path):
                return act(self, **match.groupdict())
        return self._send(404, b"{}")

    @property
    def token(self) -> str | None:
        given = self.headers.get("Authorization")
        return given.removeprefix("Bearer ") if given else None

    def allowed(self, name: str, *, content: bool = False) -> Repo | None:
        """The repository, or `None` after the refusal was sent. `content`: gates count."""
        repo = self.hub.repos.get(name)
        if self.token is not None and not self.token.startswith("hf_"):
            self._send(401, b"{}", {"X-Error-Message": "Invalid credentials in Authorization header"})
            return None
        if repo is None or (repo.private and self.token not in repo.members):
            status = 401 if self.token is None else 404
            self._send(status, b"{}", {"X-Error-Code": "RepoNotFound"})
            return None
        if content and repo.gated and self.token not in repo.members:
            self._send(401 if self.token is None else 403, b"{}", {"X-Error-Code": "GatedRepo"})
            return None
        return repo

    def revision(self, repo: Repo, revision: str) -> tuple[str, dict[str, bytes]] | None:
        found = repo.tree(revision)
        if found is None:
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        return found

    def info(self, name: str, revision: str = "main") -> None:
        repo = self.allowed(name)
        if repo is None or (found := self.revision(repo, revision)) is None:
            return
        commit, files = found
        siblings = [{"rfilename": path, **_entry(path, data)} for path, data in files.items()]
        self._json(
            {
                "id": name,
                "sha": commit,
                "private": repo.private,
                "gated": "auto" if repo.gated else False,
                "siblings": siblings,
                "tags": [],
            }
        )

    def tree(self, name: str, revision: str) -> None:
        repo = self.allowed(name)
        if repo is not None and (found := self.revision(repo, revision)) is not None:
            self._json(
                [
                    {
                        "type": "file",
                        "path": path,
                        "oid": etag(path + ".git", data),
                        **_tree_entry(path, data),
                        **({"xetHash": repo.xet[path]} if path in repo.xet else {}),
                    }
                    for path, data in found[1].items()
                ]
            )

    def auth_check(self, name: str) -> None:
        if self.allowed(name, content=True) is not None:
            self._json({})

    def resolve(self, name: str, revision: str, path: str) -> None:
        repo = self.allowed(name, content=True)
        if repo is None or (found := self.revision(repo, revision)) is None:
            return None
        commit, files = found
        if path not in files:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        data, tag = files[path], etag(path, files[path])
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if path.endswith(_LFS):
            headers |= {"X-Linked-Etag": f'"{tag}"', "X-Linked-Size": str(len(data))}
        if path in repo.xet:
            route = f"{self.hub.url}/api/models/{name}/xet-read-token/{commit}"
            headers |= {"X-Xet-Hash": repo.xet[path], "X-Xet-Refresh-Route": route}
        status = 200
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or ""):
            start, end = int(match[1]), int(match[2] or len(data) - 1)
            headers["Content-Range"] = f"bytes {start}-{min(end, len(data) - 1)}/{len(data)}"
            data, status = data[start : end + 1], 206
        if self.fault is not None and self.fault.body is not None:
            data = self.fault.body
        return self._send(status, data, headers)

    def xet_token(self, name: str, revision: str) -> None:
        if self.allowed(name, content=True) is not None:
            headers = {"X-Xet-Cas-Url": self.hub.store, "X-Xet-Access-Token": "t"}
            self._send(200, b"{}", {**headers, "X-Xet-Token-Expiration": "9999999999"})

    def search(self) -> None:
        author, wanted = self.query.get("author", [""])[0], self.query.get("search", [""])[0].casefold()
        self._json(
            [
                {"id": name}
                for name in self.hub.repos
                if name.startswith(f"{author}/") and wanted in name.casefold()
            ]
        )

    def whoami(self) -> None:
        if self.token != TOKEN:
            return self._send(401, b"{}", {"X-Error-Message": "Invalid credentials in Authorization header"})
        return self._json({"name": "me", "type": "user", "orgs": []})

    def create(self) -> None:
        asked = json.loads(self.body)
        if self.token != TOKEN:
            return self._send(401, b"{}", {"X-Error-Message": "Invalid credentials in Authorization header"})
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.hub.repos:
            return self._send(409, json.dumps({"url": f"{self.hub.url}/{name}"}).encode())
        self.hub.created.append(asked)
        self.hub.add(name, {}, private=asked.get("visibility") == "private")
        return self._json({"url": f"{self.hub.url}/{name}"})

    def validate_yaml(self) -> None:
        self._json({"errors": [], "warnings": []})

    def preupload(self, name: str) -> None:
        modes = [
            {
                "path": item["path"],
                "uploadMode": "lfs" if item["path"].endswith(_LFS) else "regular",
                "shouldIgnore": False,
            }
            for item in json.loads(self.body)["files"]
        ]
        self._json({"files": modes})

    def batch(self, name: str) -> None:
        objects = [
            {**item, "actions": {"upload": {"href": f"{self.hub.url}/storage/{item['oid']}", "header": {}}}}
            for item in json.loads(self.body)["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def store(self, oid: str) -> None:
        assert hashlib.sha256(self.body).hexdigest() == oid
        self.hub.uploads[oid] = self.body
        self._send(200, b"")

    def commit(self, name: str) -> None:
        repo = self.hub.repos[name]
        for line in self.body.splitlines():
            item = json.loads(line)
            if item["key"] == "file":
                repo.files[item["value"]["path"]] = base64.b64decode(item["value"]["content"])
            elif item["key"] == "lfsFile":
                repo.files[item["value"]["path"]] = self.hub.uploads[item["value"]["oid"]]
        url = f"{self.hub.url}/{name}/commit/{repo.commit}"
        self._json({"success": True, "commitOid": repo.commit, "commitUrl": url})

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        fault = self.fault
        if fault is None or fault.cut is None:
            self.wfile.write(body)
            return
        self.wfile.write(body[: fault.cut])
        self.wfile.flush()
        fault.reached.set()
        if fault.hold is not None:
            fault.hold.wait()
        self.close_connection = True


def _entry(path: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"size": len(data), "blobId": etag(path + ".git", data)}
    if path.endswith(_LFS):
        entry["lfs"] = {"size": len(data), "sha256": etag(path, data), "pointerSize": 134}
    return entry


def _tree_entry(path: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"size": len(data)}
    if path.endswith(_LFS):
        entry["lfs"] = {"size": len(data), "oid": etag(path, data), "pointerSize": 134}
    return entry


_NAME = r"(?P<name>[\w.-]+/[\w.-]+)"
_ROUTES: tuple[tuple[str, Callable[..., None]], ...] = (
    (rf"/api/models/{_NAME}/auth-check(/write)?", _Handler.auth_check),
    (rf"/api/models/{_NAME}/tree/(?P<revision>.+)", _Handler.tree),
    (rf"/api/models/{_NAME}/revision/(?P<revision>.+)", _Handler.info),
    (rf"/api/models/{_NAME}/xet-read-token/(?P<revision>.+)", _Handler.xet_token),
    (rf"/api/models/{_NAME}/preupload/.+", _Handler.preupload),
    (rf"/api/models/{_NAME}/commit/.+", _Handler.commit),
    (rf"/api/models/{_NAME}", _Handler.info),
    (r"/api/models", _Handler.search),
    (r"/api/whoami-v2", _Handler.whoami),
    (r"/api/repos/create", _Handler.create),
    (r"/api/validate-yaml", _Handler.validate_yaml),
    (rf"/{_NAME}\.git/info/lfs/objects/batch", _Handler.batch),
    (r"/storage/(?P<oid>\w+)", _Handler.store),
    (rf"/{_NAME}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", _Handler.resolve),
)
