"""What an editor shows for a profile, asked of the real `yaml-language-server` from npm.

Run by hand; it needs Node and npm, and installs the server into a temporary folder:

    python tests/editors/yaml_language_server.py [FOLDER]    # FOLDER: where it is installed, or will be

It speaks LSP over standard input and output, with the committed schemas behind each file's modeline, and
checks: no diagnostics for the shipped profiles, one for each mistake that `mlxk validate` finds, completion
of keys and of the values of a choice, and the hover text. Exit status 0, or 1 with what did not hold; 2
where the server cannot be installed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SERVER = "yaml-language-server@1.25.0"
MODELINE = f"# yaml-language-server: $schema={(ROOT / 'schemas' / 'profile.v1.json').as_uri()}\n"

# Text below the modeline, and a part of each diagnostic that an editor must show.
MISTAKES = (
    ("mlxk: 1\nmodel: a/b\nsampling: {temprature: 0.7}\n", "temprature"),
    ("mlxk: 1\nmodel: a/b\nsamplin: {}\n", "samplin"),
    ("mlxk: 1\nmodel: a/b\nsampling: {top_p: 7}\n", "maximum"),
    ("mlxk: 1\nmodel: a/b\ntokens: {overflow: drop}\n", "truncate_oldest"),
    ("mlxk: 1\nmodel: a/b\nrequest_policy: {locked: [temperatur]}\n", "temperature"),
    ("mlxk: 2\nmodel: a/b\n", "1"),
    ("model: a/b\n", "mlxk"),
)
# Text with the cursor at `|`, and labels that must be offered.
COMPLETIONS = (
    ("mlxk: 1\nmodel: a/b\nsam|", {"sampling"}),
    ("mlxk: 1\nmodel: a/b\nsampling:\n  te|", {"temperature"}),
    ("mlxk: 1\nmodel: a/b\ntokens:\n  overflow: |", {"error", "truncate_oldest"}),
    ("mlxk: 1\nmodel: a/b\nreasoning:\n  expose: |", {"reasoning", "reasoning_content", "inline", "drop"}),
    ("mlxk: 1\nmodel: a/b\nrequest_policy:\n  clamp:\n    max|", {"max_tokens", "max_reasoning"}),
)
# Text with the cursor at `|`, and what the hover must say.
HOVERS = (
    ("mlxk: 1\nmodel: a/b\nsampling:\n  tempera|ture: 0.7\n", "0 always takes the likeliest token"),
    ("mlxk: 1\nmodel: a/b\ntokens:\n  over|flow: error\n", "does not fit the window"),
    ("mlxk: 1\nmodel: a/b\ntokens:\n  overflow: truncate_|oldest\n", "the system prompt stays"),
    ("mlxk: 1\nmodel: a/b\nstop:\n  tokens|+: [a]\n", "Appended to the inherited"),
)


class Client:
    """One running server. Its messages are JSON behind a `Content-Length` header."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._id = 0
        self._documents = 0

    def request(self, method: str, parameters: dict[str, Any]) -> Any:
        self._id += 1
        self._send({"id": self._id, "method": method, "params": parameters})
        while (message := self._receive()).get("id") != self._id or "method" in message:
            self._answer(message)
        assert "error" not in message, message
        return message.get("result")

    def notify(self, method: str, parameters: dict[str, Any]) -> None:
        self._send({"method": method, "params": parameters})

    def open(self, text: str) -> str:
        """Show the server a new document; returns its address."""
        self._documents += 1
        uri = (ROOT / "profiles" / f"unsaved-{self._documents}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """The first report on a document."""
        while True:
            message = self._receive()
            self._answer(message)
            if message.get("method") == "textDocument/publishDiagnostics":
                report = message["params"]
                if report["uri"] == uri:
                    return list(report["diagnostics"])

    def _answer(self, message: dict[str, Any]) -> None:
        """The server asks too: for its settings, above all."""
        if "id" not in message or "method" not in message:
            return
        items = message.get("params", {}).get("items", [])
        settings = {
            "yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
        }
        wanted = [settings.get(item.get("section", ""), {}) for item in items]
        self._send({"id": message["id"], "result": wanted if items else None})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            if not line and self._process.poll() is not None:
                raise AssertionError("the server ended")
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


def install(folder: Path) -> Path:
    """The server's program, installed if it is not there; ends the script where it cannot be had."""
    program = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    if program.exists():
        return program
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        print("this check needs Node and npm, and there are none", file=sys.stderr)
        raise SystemExit(2)
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), SERVER]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0 or not program.exists():
        print(f"npm could not install {SERVER}:\n{done.stdout}{done.stderr}", file=sys.stderr)
        raise SystemExit(2)
    return program


@contextmanager
def running(program: Path) -> Iterator[Client]:
    command = ["node", str(program), "--stdio"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        client = Client(process)
        text_document = {
            "hover": {"contentFormat": ["markdown"]},
            "completion": {"completionItem": {"snippetSupport": True}},
        }
        capabilities = {"textDocument": text_document, "workspace": {"configuration": True}}
        client.request(
            "initialize", {"processId": None, "rootUri": ROOT.as_uri(), "capabilities": capabilities}
        )
        client.notify("initialized", {})
        yield client
    finally:
        process.kill()
        process.wait()


def cursor(marked: str) -> tuple[str, dict[str, int]]:
    """The text below the modeline without its `|`, and where that stood."""
    before, _, after = (MODELINE + marked).partition("|")
    return before + after, {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}


def findings(client: Client) -> Iterator[str]:
    """What does not hold."""
    for path in sorted((ROOT / "profiles").glob("*.yaml")):
        shown = client.diagnostics(client.open(path.read_text()))
        if shown:
            yield f"{path.name}: {[item['message'] for item in shown]}"
    for text, part in MISTAKES:
        shown = client.diagnostics(client.open(MODELINE + text))
        if not any(part in item["message"] for item in shown):
            yield f"no diagnostic with {part!r} for {text!r}: {[item['message'] for item in shown]}"
    for marked, labels in COMPLETIONS:
        text, position = cursor(marked)
        place = {"textDocument": {"uri": client.open(text)}, "position": position}
        offered = {item["label"] for item in client.request("textDocument/completion", place)["items"]}
        if not labels <= offered:
            yield f"not offered at {marked!r}: {labels - offered} (offered: {sorted(offered)})"
    for marked, part in HOVERS:
        text, position = cursor(marked)
        place = {"textDocument": {"uri": client.open(text)}, "position": position}
        hover = client.request("textDocument/hover", place)
        said = json.dumps(hover["contents"], ensure_ascii=False) if hover else ""
        # The server escapes what Markdown would read as formatting.
        if part not in said.replace("\\", "").replace("&nbsp;", " "):
            yield f"the hover at {marked!r} does not say {part!r}: {said}"


def main() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        with running(install(folder)) as client:
            wrong = list(findings(client))
    for line in wrong:
        print(line)
    checked = len(MISTAKES) + len(COMPLETIONS) + len(HOVERS) + len(list((ROOT / "profiles").glob("*.yaml")))
    print(f"{SERVER}: {checked} checks, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
