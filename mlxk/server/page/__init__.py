"""The page for browsers: one static file with its own script and style, and no word from anywhere else.

It is served with the paths of the routes that it uses and with whether keys are needed, since a profile may
move routes or take them away. Nothing in it is secret: what it shows, it asks for as any client does. The
policy it is served with (https://www.w3.org/TR/CSP3/) lets it run its own script, by hash, and talk to its
own server; what a model says can be neither script nor markup.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

import msgspec

from mlxk.server.routes import RouteTable

CONTENT_TYPE = "text/html; charset=utf-8"

_USED = ("openai.chat", "openai.models", "metrics")
_FACTS = b'<script type="application/json" id="server">{}</script>'


@dataclass(frozen=True, slots=True)
class Page:
    """`headers` go with every answer that has it, or that says it is unchanged."""

    body: bytes
    headers: Mapping[str, str]

    def is_known(self, headers: Mapping[str, str]) -> bool:
        """Whether a request says that it has this very page."""
        said = [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]
        return "*" in said or self.headers["etag"] in said


def make_page(routes: RouteTable, *, wants_keys: bool) -> Page:
    """`wants_keys`: requests must carry an API key."""
    static = files(__name__).joinpath("index.html").read_bytes()
    used: dict[str, str] = {}
    for route in routes:
        if route.handler in _USED:
            used.setdefault(route.handler, route.path)
    facts = msgspec.json.encode({"routes": used, "key": wants_keys}).replace(b"<", rb"\u003c")
    body = static.replace(_FACTS, _FACTS.replace(b"{}", facts))
    return Page(body, {"etag": f'"{sha256(body).hexdigest()[:32]}"', **_policy(static)})


def is_wanted(headers: Mapping[str, str]) -> bool:
    """Browsers ask for HTML by name; programs that look whether a server is there do not."""
    return any(part.partition(";")[0].strip() == "text/html" for part in headers.get("accept", "").split(","))


def _policy(static: bytes) -> dict[str, str]:
    rules = (
        "default-src 'none'",
        f"script-src {_digest(static, b'script')}",
        f"style-src {_digest(static, b'style')}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return {
        "content-security-policy": "; ".join(rules),
        # Asked for anew each time, and answered with 304 while it is the same.
        "cache-control": "no-cache",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }


def _digest(static: bytes, tag: bytes) -> str:
    """The source expression that allows the page's one element of this kind; data blocks need none."""
    (text,) = re.findall(rb"<%b>(.*?)</%b>" % (tag, tag), static, re.DOTALL)
    return f"'sha256-{b64encode(sha256(text).digest()).decode()}'"
