"""Everything that huggingface_hub may raise becomes an error of this project."""

from __future__ import annotations

import errno
import inspect
import json
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import errors as upstream

from mlxk.errors import HubUnreachable, InsufficientDisk, MlxkError, ModelError, ModelUnavailable
from mlxk.hub import preflight
from mlxk.hub.failures import CAUGHT, Subject, explain, told
from tests.hub.loopback import Hub

# Of parts of the library that mlxk does not use.
UNUSED = (
    upstream.CacheNotFound,  # told as an empty cache
    upstream.CorruptedCacheException,  # collected by the library, never raised
    upstream.CachedRepoTreeNotFoundError,  # told as "no listing"
    upstream.CLIError,
    upstream.DDUFError,
    upstream.DeviceCodeError,
    upstream.OIDCError,
    upstream.InferenceEndpointError,
    upstream.SandboxError,
    upstream.StrictDataclassError,
)


def classes() -> list[type[BaseException]]:
    return [
        item
        for _, item in inspect.getmembers(upstream, inspect.isclass)
        if issubclass(item, Exception)
        and item.__module__ == upstream.__name__
        and not issubclass(item, UNUSED)
    ]


@pytest.mark.parametrize("kind", classes())
def test_every_error_of_the_library_is_caught(kind: type[BaseException]) -> None:
    assert issubclass(kind, CAUGHT)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (OSError(errno.ENOSPC, "No space left"), InsufficientDisk, "no room is left for org/tiny@v1"),
        (PermissionError(errno.EACCES, "denied"), ModelError, "denied"),
        (httpx2.ConnectTimeout("slow"), HubUnreachable, "does not answer in time"),
        (httpx2.ConnectError("refused"), HubUnreachable, "cannot be reached: refused"),
        (json.JSONDecodeError("no", "<html>", 0), HubUnreachable, "does not answer as a hub does"),
        (upstream.OfflineModeIsEnabled("off"), HubUnreachable, "offline"),
        (upstream.LocalEntryNotFoundError("no"), ModelUnavailable, "`org/tiny` at v1 is not on this machine"),
        (upstream.HFValidationError("no"), ModelUnavailable, "not a Hub repository name"),
        (upstream.XetDownloadError("broken"), ModelError, "broken"),
        (ValueError(""), ModelError, "ValueError"),
        (RuntimeError("Task error: CAS"), HubUnreachable, "Xet store did not give org/tiny@v1: Task error"),
    ],
)
def test_what_it_becomes(error: Exception, kind: type[MlxkError], message: str) -> None:
    with pytest.raises(kind) as caught, told("org/tiny", "v1"):
        raise error
    assert message in caught.value.message
    assert caught.value.__cause__ is error


def test_the_cause_behind_not_in_the_cache_is_told() -> None:
    hidden = upstream.LocalEntryNotFoundError("not in the cache")
    hidden.__cause__ = httpx2.ReadTimeout("slow")
    assert isinstance(explain(hidden, Subject("org/tiny")), HubUnreachable)


@pytest.mark.parametrize("body", [b"<html>Log in</html>", b"{}", b"[]"])
def test_a_page_instead_of_an_answer(hub: Hub, cache: Path, body: bytes) -> None:
    hub.fault("/api/models/org/tiny", status=200, body=body)
    with pytest.raises(HubUnreachable, match="does not answer as a hub does"):
        preflight.check("org/tiny", None, model_types=())


def test_damaged_weights_on_the_hub(hub: Hub, cache: Path) -> None:
    hub.add("org/tiny", {"config.json": b'{"model_type": "qwen3"}', "model.safetensors": b"\xff" * 20})
    found = preflight.check("org/tiny", None, model_types={"qwen3"})
    with pytest.raises(ModelError, match="has damaged weights on the hub"):
        preflight.tensors(found)
