"""`server`: what `mlxk up` serves, where, and to whom."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from mlxk.config.schema.section import RESTART, TAKES_EFFECT, Section, Text


class KeyLimitsSection(Section):
    """What one API key may take. Further requests get 429 with a retry-after header."""

    concurrency: int | None = Field(
        None, ge=1, description="How many requests it may have at a time.", examples=[4]
    )
    requests_per_minute: int | None = Field(
        None, ge=1, description="How many requests it may send per minute, on average.", examples=[60]
    )


class ApiKey(Section):
    """A key with a name, so that logs can tell whose request it was."""

    name: Text = Field(description="Who uses the key; this is what logs show.", examples=["ci", "alice"])
    key: Text = Field(description="The key itself.", examples=["${env:CI_KEY}", "${file:ci.key}"])
    limits: KeyLimitsSection | None = Field(
        None,
        description="What this key may take, instead of `server.limits.per_key`.",
        examples=[{"concurrency": 2}],
    )


class AdminKey(Section):
    """A key with a name, so that logs can tell whose request it was."""

    name: Text = Field(description="Who uses the key; this is what logs show.", examples=["ops"])
    key: Text = Field(description="The key itself.", examples=["${env:ADMIN_KEY}", "${file:admin.key}"])


# One of the hub's repositories, or some by `*` and `?`.
Repositories = Annotated[Text, Field(json_schema_extra={"pattern": r"^(\*|[^\s/]+/[^\s/]+)$"})]


AnyApiKey = Annotated[
    Annotated[Text, Tag("<key>")] | Annotated[ApiKey, Tag("<named key>")],
    Discriminator(lambda value: "<named key>" if isinstance(value, dict | ApiKey) else "<key>"),
]


AnyAdminKey = Annotated[
    Annotated[Text, Tag("<key>")] | Annotated[AdminKey, Tag("<named key>")],
    Discriminator(lambda value: "<named key>" if isinstance(value, dict | AdminKey) else "<key>"),
]


class LimitsSection(Section):
    """What one client may cost."""

    body: int = Field(
        32 << 20, ge=1024, description="The largest body of a request, in bytes.", examples=[1048576]
    )
    upload_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="How long a request may take to arrive. A client that is slower gets 408.",
        examples=[10, 120],
    )
    queue: int = Field(
        128,
        ge=1,
        description="How many generations may run and wait at a time. Further requests get 429 with a "
        "retry-after header.",
        examples=[16, 256],
    )
    per_key: KeyLimitsSection = Field(
        default_factory=KeyLimitsSection,
        description="What each of `api_keys` may take, unless it says so itself.",
        examples=[{"concurrency": 4, "requests_per_minute": 60}],
    )
    stored_responses: int = Field(
        1000,
        ge=0,
        description="How many responses are kept in memory for each API key, so that later requests can name "
        "them as `previous_response_id`. The oldest make room for new ones; 0 keeps none.",
        examples=[0, 100],
    )
    stored_bytes: int = Field(
        64 << 20,
        ge=0,
        description="How many bytes the responses that are kept may take for each API key.",
        examples=[1048576],
    )


RouteHandler = Literal[
    "openai.chat",
    "openai.completions",
    "openai.responses",
    "openai.input_tokens",
    "openai.models",
    "anthropic.messages",
    "anthropic.count_tokens",
    "anthropic.models",
    "openai.embeddings",
    "ollama.chat",
    "ollama.generate",
    "ollama.tags",
    "ollama.show",
    "ollama.ps",
    "ollama.version",
    "ollama.pull",
    "ollama.create",
    "ollama.copy",
    "ollama.delete",
    "ollama.push",
    "ollama.blobs",
    "ollama.embed",
    "tokenize",
    "detokenize",
    "banner",
    "page",
    "health",
    "health.live",
    "health.ready",
    "admin.ps",
    "admin.load",
    "admin.unload",
    "admin.reload",
    "metrics",
    "openapi",
]


class TlsSection(Section):
    """HTTPS instead of HTTP."""

    model_config = RESTART

    certificate: Text = Field(
        description="The PEM file with the certificate and what is between it and its root.",
        examples=["./tls/fullchain.pem"],
    )
    key: Text = Field(
        description="The PEM file with the private key, not encrypted.", examples=["./tls/key.pem"]
    )


class ServerSection(Section):
    """What `mlxk up` serves, and where."""

    listen: str = Field(
        "127.0.0.1:8080",
        description="Address and port, as host:port, or a Unix socket, as unix:PATH. Port 0 takes a free "
        "one; the socket is the user's own.",
        examples=["127.0.0.1:8080", "[::1]:8080", "localhost:0", "unix:./mlxk.sock"],
        json_schema_extra={
            "pattern": r"^((\[[0-9A-Fa-f:.]+\]|[^\s/@:]+):[0-9]{1,5}|unix:.+)$",
            TAKES_EFFECT: "restart",
        },
    )
    tls: TlsSection | None = Field(
        None,
        description="HTTPS instead of HTTP.",
        examples=[{"certificate": "./tls/fullchain.pem", "key": "./tls/key.pem"}],
        json_schema_extra={TAKES_EFFECT: "restart"},
    )
    routes: dict[str, Literal[RouteHandler, False]] = Field(
        default_factory=dict,
        description="What answers at which path, over the usual routes; `false` takes a route away.",
        examples=[{"/v1/chat/completions": "openai.chat", "/health": "health"}],
        json_schema_extra={"propertyNames": {"pattern": r"^(/[^\s<>?#]*|x-.*)$"}},
    )
    api_keys: list[AnyApiKey] = Field(
        default_factory=list,
        description="Requests must carry one of these, as `Authorization: Bearer …` or `x-api-key`. Without "
        "any, the server is open to this machine, and to it alone.",
        examples=[["${env:MLXK_KEY}"], [{"name": "ci", "key": "${env:CI_KEY}"}]],
    )
    admin_keys: list[AnyAdminKey] = Field(
        default_factory=list,
        description="The administration routes, which load and unload models and reload the configuration, "
        "answer to one of these and to nothing else. Without any they refuse. None of `api_keys` may be "
        "among them.",
        examples=[["${env:MLXK_ADMIN_KEY}"], [{"name": "ops", "key": "${env:ADMIN_KEY}"}]],
    )
    pull: list[Repositories] = Field(
        default_factory=list,
        description="Repositories of the Hugging Face Hub that clients may download by Ollama's `/api/pull`; "
        "`*` and `?` stand for any characters. Without any, no request downloads anything. Where there are "
        "`admin_keys`, it takes one of them. What was downloaded is served when a profile names it.",
        examples=[["mlx-community/Qwen3-4B-Instruct-2507-4bit"], ["mlx-community/*"]],
    )
    cors: list[Text] = Field(
        default_factory=list,
        description="Origins whose pages may use the server from a browser; `*` for all.",
        examples=[["https://chat.example.org", "http://localhost:3000"]],
    )
    limits: LimitsSection = Field(
        default_factory=LimitsSection,
        description="What one client may cost.",
        examples=[{"body": 1048576, "queue": 16}],
    )
    drain: float = Field(
        30.0,
        ge=0,
        le=3600,
        description="How many seconds running answers may take to finish when the server is stopped.",
        examples=[5, 120],
    )
