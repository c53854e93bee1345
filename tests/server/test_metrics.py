"""What Prometheus and the log learn of requests."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlxk.config.schema import LogSection
from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from mlxk.server.logs import logging_to
from tests.server.conftest import Running
from tests.server.scripted import Script

CHAT = "/v1/chat/completions"


def chat(server: Running, script: str, **more: Any) -> httpx.Response:
    body = {"messages": [{"role": "user", "content": script}], **more}
    return httpx.post(server.address + CHAT, json=body)


def samples(server: Running) -> dict[tuple[str, ...], float]:
    """By name and the values of the labels, in the order of their names."""
    answer = httpx.get(f"{server.address}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


class Lines(logging.Handler):
    """The records of requests, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []
        self.changed = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "fields"):
            with self.changed:
                self.records.append(record.fields)
                self.changed.notify_all()

    def last(self, count: int = 1) -> dict[str, Any]:
        """The newest, once there are `count`."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.records) >= count, 10)
            return self.records[-1]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, logger = Lines(), logging.getLogger("mlxk.server")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_tokens_and_times_are_counted_by_model(server: Running) -> None:
    chat(server, "text:one text:two")
    chat(server, "text:one", stream=True)
    found = samples(server)
    assert found["mlxk_generated_tokens_sum", "scripted"] == 3
    assert found["mlxk_generated_tokens_count", "scripted"] == 2
    assert found["mlxk_prompt_tokens_sum", "scripted"] == 10
    assert found["mlxk_prompt_cached_tokens_total", "scripted"] == 4
    assert found["mlxk_prompt_cache_hits_total", "scripted"] == 2
    assert found["mlxk_generations_total", "scripted", "stop"] == 2
    assert found["mlxk_time_to_first_token_seconds_count", "scripted"] == 2
    assert found["mlxk_inter_token_latency_seconds_count", "scripted"] == 1
    assert found["mlxk_queue_seconds_count", "scripted"] == 2
    assert found["mlxk_requests_total", "POST", CHAT, "200"] == 2
    assert found["mlxk_request_seconds_count", CHAT] == 2


def test_the_engine_is_told_as_it_is(server: Running) -> None:
    found = samples(server)
    assert found["mlxk_engine_state", "engine", "scripted", "ready"] == 1
    assert found["mlxk_engine_state", "engine", "scripted", "dead"] == 0
    assert found["mlxk_engine_running", "engine"] == 0
    assert found["mlxk_event_loop_tasks",] > 0


def test_models_that_share_an_engine_share_its_memory(start_server: Callable[..., Running]) -> None:
    script = Script()
    found = samples(start_server(script, models=[script.served("a"), script.served("b")]))
    assert [key[1:] for key in found if key[0] == "mlxk_engine_running"] == [("engine",)]
    assert len([key for key in found if key[0] == "mlxk_engine_memory_bytes"]) == 3
    assert {key[1:3] for key in found if key[0] == "mlxk_engine_state"} == {("engine", "a"), ("engine", "b")}


def test_failures_are_counted_by_code(server: Running) -> None:
    chat(server, "raise:context")
    chat(server, "raise:crashed")
    httpx.get(f"{server.address}/nowhere")
    found = samples(server)
    assert found["mlxk_errors_total", "context_length_exceeded", CHAT] == 1
    assert found["mlxk_errors_total", "engine_crashed", CHAT] == 1
    assert found["mlxk_errors_total", "not_found", "none"] == 1


def test_clients_cannot_make_series(server: Running) -> None:
    def ask(index: int) -> set[tuple[str, ...]]:
        httpx.get(f"{server.address}/made-up/{index}")
        chat(server, "text:a", model=f"model-{index}")
        return set(samples(server))

    ask(0)
    before = ask(1)
    assert ask(2) == before


def test_metrics_want_the_key_too(start_server: Callable[..., Running]) -> None:
    server = start_server(guard=Guard("127.0.0.1", keys=Keyring([("ops", "secret")])))
    assert httpx.get(f"{server.address}/metrics").status_code == 401
    with_key = httpx.get(f"{server.address}/metrics", headers={"authorization": "Bearer secret"})
    assert with_key.status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_record_has_tokens_times_and_reasons(server: Running, lines: Lines, stream: bool) -> None:
    answer = chat(server, "think:a text:b end:length", stream=stream)
    record = lines.last()
    assert record["request_id"] == answer.headers["x-request-id"]
    assert record["route"] == record["path"] == CHAT
    assert record["model"] == "scripted"
    assert record["status"] == 200
    assert (record["prompt_tokens"], record["cached_tokens"]) == (5, 2)
    assert (record["completion_tokens"], record["reasoning_tokens"]) == (2, 1)
    assert record["finish_reasons"] == ["length"]
    assert 0 < record["first_token_seconds"] <= record["seconds"]
    assert "asked" not in record
    assert "answer" not in record


def test_a_client_that_leaves_is_499(server: Running, lines: Lines) -> None:
    body = {"messages": [{"role": "user", "content": "text:a wait"}], "stream": True}
    with httpx.stream("POST", server.address + CHAT, json=body) as answer:
        assert next(answer.iter_lines())
        server.wait_for(server.script.waiting)
    assert lines.last()["status"] == 499


def test_an_error_in_mid_stream_is_in_the_record(server: Running, lines: Lines) -> None:
    body = {"messages": [{"role": "user", "content": "text:a wait raise:crashed"}], "stream": True}
    with httpx.stream("POST", server.address + CHAT, json=body) as answer:
        server.wait_for(server.script.waiting)
        server.open_gate()
        assert "engine_crashed" in "".join(answer.iter_text())
    assert lines.last()["error"] == "engine_crashed"
    assert lines.last()["status"] == 200


def test_content_only_when_asked(start_server: Callable[..., Running], lines: Lines) -> None:
    server = start_server(log_content=True)
    chat(server, 'think:hmm text:hello call:f:{"a":1}', n=2)
    record = lines.last()
    assert record["asked"]["messages"][0]["content"].startswith("think:hmm")
    assert [(block["choice"], block["kind"], block["text"]) for block in record["answer"][:3]] == [
        (0, "reasoning", "hmm"),
        (0, "text", "hello"),
        (0, "tool_call", '{"a":1}'),
    ]
    assert record["answer"][2]["name"] == "f"
    assert record["answer"][3]["choice"] == 1


def test_a_line_of_json_per_record() -> None:
    stream = io.StringIO()
    logger = logging.getLogger("mlxk.server.test")
    with logging_to(stream, LogSection(format="json", level="info")):
        logger.info("said %d", 1, extra={"fields": {"status": 200}})
        logger.debug("not worth a line")
        try:
            raise ValueError("broken\nline")
        except ValueError:
            logger.exception("it failed")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["level"], first["message"], first["status"]) == ("info", "said 1", 200)
    assert second["level"] == "error"
    assert "ValueError" in second["exception"]


def test_text_is_for_people() -> None:
    stream = io.StringIO()
    with logging_to(stream, LogSection(format="text", level="warning")):
        logging.getLogger("mlxk.server.test").info("no")
        logging.getLogger("mlxk.server.test").warning("yes")
    assert stream.getvalue().endswith("WARNING mlxk.server.test: yes\n")
    assert "no\n" not in stream.getvalue()


def test_a_log_that_nobody_reads_stops_nothing() -> None:
    """The reader is stuck: who logs goes on, and what was lost is told."""
    stuck, go_on, caught_up = threading.Event(), threading.Event(), threading.Event()

    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            stuck.set()
            assert go_on.wait(30)
            if "line 9000\n" in text:
                caught_up.set()
            return super().write(text)

    stream = Stuck()
    logger = logging.getLogger("mlxk.server.test")
    with logging_to(stream, LogSection(format="text", level="info")):
        logger.info("first")
        assert stuck.wait(30)
        for index in range(10_005):
            logger.info("line %d", index)
        go_on.set()
        assert caught_up.wait(30)
        logger.info("last")
    assert "lines were dropped: the log was not read" in stream.getvalue()
    assert stream.getvalue().endswith("last\n")
