"""The OpenAPI document of a server: its own route table, and the body models that it checks requests with.

https://spec.openapis.org/oas/v3.1.1. What answers look like is taken from the encoders themselves, which are
given a small answer to encode; so are errors. A route that is switched off is not in the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import msgspec

import mlxk
from mlxk.errors import RequestError
from mlxk.events import Block, Completion, Finish, Start, Usage
from mlxk.protocols import CATALOGUES, CONVERSATIONS, COUNTERS, DIALECTS
from mlxk.protocols.base import Generator, Json, ModelCard, ParsedRequest
from mlxk.protocols.bodies import BODIES
from mlxk.protocols.ollama import pull
from mlxk.server.routes import Route, RouteTable, error_body
from mlxk.server.stores import BoundedStore

SUMMARIES: Mapping[str, str] = MappingProxyType(
    {
        "openai.chat": "Answer a conversation, in OpenAI's form",
        "openai.completions": "Carry on a text, in OpenAI's form",
        "openai.responses": "Answer a conversation, as OpenAI's responses",
        "openai.input_tokens": "Count the tokens of a prompt, in OpenAI's form",
        "openai.models": "Tell the served models, in OpenAI's form",
        "openai.embeddings": "Say why there are no embeddings",
        "anthropic.messages": "Answer a conversation, in Anthropic's form",
        "anthropic.models": "Tell the served models, in Anthropic's form",
        "anthropic.count_tokens": "Count the tokens of a prompt, in Anthropic's form",
        "ollama.chat": "Answer a conversation, in Ollama's form",
        "ollama.generate": "Answer a prompt, in Ollama's form",
        "ollama.tags": "Tell the served models, in Ollama's form",
        "ollama.show": "Tell of one model, in Ollama's form",
        "ollama.ps": "Tell the models in memory, in Ollama's form",
        "ollama.version": "Tell the version, in Ollama's form",
        "ollama.pull": "Download a model, where the profile allows it, in Ollama's form",
        "ollama.create": "Say why no model is made",
        "ollama.copy": "Say why no model is copied",
        "ollama.delete": "Say why no model is removed",
        "ollama.push": "Say why nothing is uploaded",
        "ollama.blobs": "Say why no files are taken",
        "ollama.embed": "Say why there are no embeddings",
        "tokenize": "Tell the tokens of a text or of a conversation",
        "detokenize": "Tell the text of tokens",
        "banner": "Say that the server runs",
        "page": "Show browsers a page to chat and to see the status; tell others that the server runs",
        "health": "Tell whether every model can answer",
        "health.live": "Tell that the server runs",
        "health.ready": "Tell whether every model can answer",
        "admin.ps": "Tell each model's state and memory",
        "admin.load": "Load a model",
        "admin.unload": "Give a model's memory back",
        "admin.reload": "Read the configuration anew",
        "metrics": "Tell metrics, in Prometheus' form",
        "openapi": "Tell this document",
    }
)

_KEYS = ({"bearer": ()}, {"key": ()})
_CARD = ModelCard("demo", 1_700_000_000, 4096, "c0ffee")
_ANSWER = Completion(
    Start("gen-1", "demo", 1_700_000_000),
    (Block("text", "It scatters the light."),),
    Finish("stop", Usage(9, 6)),
)
_CUT_OFF = replace(_ANSWER, finish=Finish("length", Usage(9, 6)))
_TYPES: Mapping[type, str] = MappingProxyType(
    {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
)
_BELOW: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType(
    {
        "/{response_id}": (("get", "Tell a response that is kept"), ("delete", "Forget a response")),
        "/{response_id}/input_items": (("get", "Tell what a response was made of"),),
        "/{response_id}/cancel": (("post", "Say that no response is made in the background"),),
    }
)


def document(routes: RouteTable, *, wants_keys: bool, has_admins: bool = False) -> Json:
    """`wants_keys`: requests must carry an API key. `has_admins`: downloads take one of theirs."""
    schemas: dict[str, object] = {}
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        for path, method, operation in _operations(route, schemas):
            guarded = route.kind == "admin" or (route.kind == "pull" and has_admins)
            paths.setdefault(path, {})[method] = {**operation, **({"security": _KEYS} if guarded else {})}
    body: dict[str, object] = {
        "openapi": "3.1.1",
        "info": {
            "title": "mlxk",
            "version": mlxk.__version__,
            "description": "Local language models on MLX, declared in a profile.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }
    if wants_keys:
        body["security"] = _KEYS
    return body


def _operations(route: Route, schemas: dict[str, object]) -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation of all that a route answers; adds to `schemas` what they refer to."""
    failed = {"description": "An error", "content": _json(_shape(_error(route)))}
    for method in route.methods:
        operation: dict[str, object] = {
            "summary": SUMMARIES[route.handler],
            "operationId": _name(method, route.path),
            "responses": {
                "200": {"description": "The answer", "content": _content(route)},
                "default": failed,
            },
        }
        if method == "POST":
            needed = route.handler != "admin.reload"
            operation["requestBody"] = {"required": needed, "content": _json(_body(route, schemas))}
        yield route.path, method.lower(), operation
    for path, method, summary, content in _below(route):
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        yield (
            path,
            method,
            {
                "summary": summary,
                "operationId": _name(method, path),
                "parameters": [
                    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                    for name in names
                ],
                "responses": {"200": {"description": "The answer", "content": content}, "default": failed},
            },
        )


def _below(route: Route) -> Iterator[tuple[str, str, str, Json]]:
    """Path, method, summary and content of what is answered below a route's own path."""
    if route.kind == "converse":
        for path, methods in _BELOW.items():
            for method, summary in methods:
                yield f"{route.path}{path}", method, summary, _json({"type": "object"})
    elif route.kind == "catalogue" and CATALOGUES[route.handler].SUBTREE:
        content = _json({"type": "object"})
        for method in route.methods:
            yield f"{route.path}/{{name}}", method.lower(), SUMMARIES[route.handler], content


def _body(route: Route, schemas: dict[str, object]) -> Json:
    """The schema of what is posted, put among `schemas` with all that it refers to."""
    said = BODIES.get(route.handler)
    if said is None:
        return {"type": "object"}
    if said.name not in schemas:
        template = f"#/components/schemas/{said.name}{{model}}"
        schema = said.model.model_json_schema(ref_template=template)
        schemas |= {f"{said.name}{name}": part for name, part in schema.pop("$defs", {}).items()}
        model = {"model": _CARD.id} if "model" in said.model.model_fields else {}
        schemas[said.name] = {**schema, "examples": [{**model, **said.example}]}
    return {"$ref": f"#/components/schemas/{said.name}"}


def _content(route: Route) -> Json:
    """The media types of an answer, and what they hold."""
    match route.kind:
        case "generate":
            dialect = DIALECTS[route.handler]
            return _generated(dialect, dialect.parse(_example(route)))
        case "converse":
            conversation = CONVERSATIONS[route.handler]
            return _generated(conversation, conversation.parse(_example(route), BoundedStore(0, 0)))
        case "count":
            return _json(_shape(COUNTERS[route.handler].answer(1)))
        case "pull":
            return {**_json({"type": "object"}), pull.STREAM_TYPE: {}}
        case "page":
            return {name: {"schema": {"type": "string"}} for name in ("text/html", "text/plain")}
        case "banner" | "metrics":
            return {"text/plain": {"schema": {"type": "string"}}}
        case _:
            return _json({"type": "object"})


def _generated(dialect: Generator, parsed: ParsedRequest) -> Json:
    """Some fields are there in some answers alone: none is promised."""
    whole = dict(_shape(*(parsed.encoder(_CARD).body([answer]) for answer in (_ANSWER, _CUT_OFF))))
    del whole["required"]
    return {**_json(whole), dialect.STREAM_TYPE.partition(";")[0]: {}}


def _example(route: Route) -> Json:
    return {"model": _CARD.id, **BODIES[route.handler].example, "stream": False}


def _error(route: Route) -> Json:
    return error_body(route)(RequestError("The message says what is wrong.", param="model"))


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _shape(*said: Json) -> Json:
    """The schema of objects like these: the same fields, of the same types, with the first for an example."""
    plain = [msgspec.to_builtins(one) for one in said]
    return {
        "type": "object",
        "required": list(plain[0]),
        "properties": {name: _type([one.get(name) for one in plain]) for name in plain[0]},
        "examples": plain[:1],
    }


def _type(values: Sequence[object]) -> Json:
    """Anything may stand where one of them has nothing."""
    return {} if None in values else {"type": _TYPES[type(values[0])]}


def _name(method: str, path: str) -> str:
    words = [word.strip("{}") for word in path.replace(".", "/").split("/") if word]
    return "_".join([method.lower(), *words])
