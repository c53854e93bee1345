"""The page at `/` in a real browser: Debian's Chromium, driven by Playwright.

Run by hand; it needs `apt-get install chromium` and `pip install playwright`, which downloads nothing more:

    python -m tests.browser.page [FOLDER]     # FOLDER: where screenshots go, to be looked at

It talks to a real `mlxk up demo`, and to the tests' scripted server for what a model cannot be made to do on
demand. Exit status 0, or 1 with what did not hold; 2 without a browser.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from tests.browser.markdown import LONG, TEXTS
from tests.e2e.conftest import MLXK, TIMEOUT, Log
from tests.server.conftest import Running, Serving
from tests.server.scripted import Script

CHROMIUM = "/usr/bin/chromium"
# Those of a container: no sandbox as root, and no calls home into a closed network.
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, PHONE = {"width": 1200, "height": 800}, {"width": 375, "height": 720}
TOOL = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]


class Visit:
    """A browser's tab at a server's page. What the page complains of in the console fails the check."""

    def __init__(self, page: Page, url: str, shots: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._shots = shots
        self._own = (url.partition("#")[0], "data:", "blob:")
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: self._check_own(asked.url))
        page.goto(url)

    def _check_own(self, url: str) -> None:
        if not url.startswith(self._own):
            self.complaints.append(f"asked elsewhere: {url}")

    def ask(self, text: str) -> None:
        field = self.page.get_by_label("Message", exact=True)
        field.fill(text)
        field.press("Enter")

    def done(self, answers: int = 1) -> None:
        """The last answer has ended."""
        expect(self.page.get_by_role("button", name="Send", exact=True)).to_be_visible()
        expect(self.page.locator(".message.assistant")).to_have_count(answers)

    @property
    def last(self) -> str:
        return self.page.locator(".message").last.inner_text()

    def see(self, text: str) -> None:
        expect(self.page.locator("body")).to_contain_text(text)

    def shot(self, name: str) -> None:
        self.page.screenshot(path=self._shots / f"{name}.png")

    def expected(self, *parts: str) -> None:
        """Complaints that belong to what is checked, such as a refused request."""
        self.complaints = [said for said in self.complaints if not any(part in said for part in parts)]

    def put(self, *messages: dict[str, object]) -> None:
        """A conversation that this browser has kept."""
        kept = {"id": "kept", "created": 1, "updated": 1, "settings": {"model": ""}, "messages": messages}
        self.page.evaluate(
            "text => localStorage.setItem('mlxk.conversation.kept', text)", arg=json.dumps(kept)
        )
        self.page.reload()


class Bench:
    """Servers and tabs for one check, all closed behind it."""

    def __init__(self, browser: Browser, demo: str, shots: Path, stack: ExitStack) -> None:
        self.demo = demo
        self.serving: list[Serving] = []
        self.visits: list[Visit] = []
        self._browser, self._shots, self._stack = browser, shots, stack

    def server(self, **options: object) -> Running:
        serving = Serving(Script(), **options)
        self._stack.callback(serving.end)
        self.serving.append(serving)
        return serving.start()

    def visit(self, url: str, *, dark: bool = False, size: dict[str, int] = WIDE, **options: object) -> Visit:
        scheme = "dark" if dark else "light"
        context = self._browser.new_context(viewport=size, color_scheme=scheme, **options)  # type: ignore[arg-type]
        self._stack.callback(context.close)
        context.set_default_timeout(10_000)
        visit = Visit(context.new_page(), url, self._shots)
        self.visits.append(visit)
        return visit


def a_real_model_answers(bench: Bench) -> None:
    visit = bench.visit(bench.demo)
    expect(visit.page.get_by_label("Model", exact=True)).to_contain_text("demo: 4,096 tokens, ready")
    visit.ask("Why is the sky blue?")
    visit.done()
    visit.see("so the sky looks blue.")
    visit.see("tokens/s")
    visit.see("Prompt: 14 tokens")
    visit.page.get_by_text("Reasoning, 13 tokens").click()
    visit.see("I know this fact.")
    visit.shot("answer-light")
    visit.page.get_by_role("link", name="Status").click()
    row = visit.page.get_by_role("row", name="demo")
    expect(row).to_contain_text(re.compile(r"ready\s*[1-9][\d.]* MB"))
    visit.shot("status-light")
    visit.page.get_by_role("link", name="Chat").click()
    visit.page.reload()
    visit.see("so the sky looks blue.")
    visit.page.get_by_role("button", name="Retry").click()
    visit.done()
    visit.see("so the sky looks blue.")


def settings_are_sent_and_an_answer_goes_on(bench: Bench) -> None:
    visit = bench.visit(bench.demo)
    visit.page.get_by_role("button", name="Settings").click()
    visit.page.get_by_label("Max tokens").fill("20")
    visit.page.get_by_label("Reasoning effort").select_option("none")
    visit.page.get_by_label("System prompt").fill("You are a pirate.")
    visit.shot("settings-light")
    visit.page.get_by_label("Temperature").fill("5")
    visit.ask("Tell me a story.")
    expect(visit.page.locator(".message")).to_have_count(0)
    visit.page.get_by_label("Temperature").fill("0.5")
    visit.page.get_by_label("Seed").fill("7")
    visit.ask("Tell me a story.")
    visit.done()
    visit.see("Cut off at the most tokens")
    before = visit.page.locator(".message.assistant .text").inner_text()
    visit.page.get_by_role("button", name="Continue").click()
    visit.done()
    after = visit.page.locator(".message.assistant .text").inner_text()
    assert after.startswith(before), (before, after)
    assert len(after) > len(before)


def answers_can_be_stopped_and_questions_edited(bench: Bench) -> None:
    server = bench.server()
    visit = bench.visit(server.address)
    visit.ask("text:some wait text:more")
    server.wait_for(server.script.waiting)
    visit.see("some")
    visit.shot("answering-light")
    visit.page.get_by_role("button", name="Stop").click()
    server.wait_for(server.script.cancelled)
    visit.see("Stopped.")
    visit.page.get_by_role("button", name="Edit").click()
    visit.page.get_by_label("Edit the message").fill("text:other")
    visit.shot("edit-light")
    visit.page.get_by_label("Edit the message").press("Enter")
    visit.done()
    visit.see("other")
    visit.ask("wait")
    visit.see("Waiting for the first token")
    visit.page.keyboard.press("Escape")
    visit.done(2)
    assert visit.last.count("Stopped.") == 1


def tools_are_shown_and_answered(bench: Bench) -> None:
    server = bench.server()
    visit = bench.visit(server.address)
    visit.page.get_by_role("button", name="Settings").click()
    visit.page.get_by_text("Tools", exact=True).click()
    visit.page.get_by_label("A JSON list").fill("[nonsense")
    visit.ask('call:add:{"a":1,"b":2}')
    visit.see("The tools are no JSON")
    visit.page.get_by_label("A JSON list").fill(json.dumps(TOOL))
    visit.page.get_by_role("button", name="Settings").click()
    visit.ask('think:hm call:add:{"a":1,"b":2}')
    visit.done()
    visit.see("Tool call: add")
    visit.see('"b": 2')
    visit.shot("tool-light")
    visit.page.get_by_label("Result of add").fill("3")
    visit.page.get_by_role("button", name="Send results").click()
    visit.done(2)
    asked = server.script.requests[-1]
    assert [message.role for message in asked.messages] == ["user", "assistant", "tool"], asked
    assert asked.messages[-1].content == "3"
    assert asked.messages[1].reasoning == "hm"
    assert asked.tools[0].name == "add"


def markdown_is_shown(bench: Bench) -> None:
    server = bench.server()
    said = {"role": "assistant", "model": "scripted", "content": LONG, "finish": "stop", "calls": []}
    for name, options in {
        "markdown-light": {},
        "markdown-dark": {"dark": True},
        "markdown-phone": {"size": PHONE},
    }.items():
        visit = bench.visit(server.address, **options)  # type: ignore[arg-type]
        visit.put({"role": "user", "content": "Show <b>all</b> that you can."}, said)
        text = visit.page.locator(".message.assistant .text")
        for tag in ("table", "pre code", "ol", "ul ul", "blockquote", "strong", "em", "s", "a", "hr"):
            expect(text.locator(tag).first).to_be_attached()
        assert text.locator("script, img, iframe").count() == 0
        assert "<script>alert(1)</script>" in text.inner_text()
        assert [link.get_attribute("href") for link in text.locator("a").all()] == [
            "https://example.org/a_(b)",
            "https://example.org/plain",
            "https://example.org/i.png",
        ]
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert visit.page.evaluate(overflow) == 0
        visit.page.locator("#messages").evaluate("node => node.scrollTo(0, 0)")
        visit.shot(f"{name}-top")
        visit.page.locator("#messages").evaluate("node => node.scrollTo(0, 1e6)")
        visit.shot(f"{name}-end")


def markdown_is_the_same_however_it_arrives(bench: Bench) -> None:
    """And quick for texts that are made to be slow."""
    visit = bench.visit(bench.server().address)
    for text in TEXTS:
        wrong = visit.page.evaluate(
            """text => {
                const whole = new Markdown(), grown = new Markdown();
                const began = performance.now();
                whole.show(text);
                if (performance.now() - began > 1000) return 'slow';
                if (text.length > 3000) return '';
                for (let end = 0; end <= text.length; end += 1) grown.show(text.slice(0, end));
                return grown.node.isEqualNode(whole.node) ? '' : grown.node.outerHTML;
            }""",
            arg=text,
        )
        assert not wrong, (text[:80], wrong)


def code_is_copied_and_conversations_exported(bench: Bench) -> None:
    visit = bench.visit(bench.server().address, permissions=["clipboard-read", "clipboard-write"])
    visit.put(
        {"role": "user", "content": "Code?"},
        {
            "role": "assistant",
            "model": "scripted",
            "content": "```python\nx = 1\n\ty\n```\n",
            "finish": "stop",
        },
    )
    visit.page.locator("figcaption button").click()
    assert visit.page.evaluate("navigator.clipboard.readText()") == "x = 1\n\ty"
    with visit.page.expect_download() as caught:
        visit.page.get_by_role("button", name="Export JSON").click()
    exported = json.loads(Path(caught.value.path()).read_text())
    assert [message["role"] for message in exported["messages"]] == ["user", "assistant"]
    with visit.page.expect_download() as caught:
        visit.page.get_by_role("button", name="Export Markdown").click()
    assert caught.value.suggested_filename == "code.md"
    assert "## You\n\nCode?" in Path(caught.value.path()).read_text()


def conversations_are_kept_and_deleted(bench: Bench) -> None:
    server = bench.server()
    visit = bench.visit(server.address, size=PHONE)
    visit.ask("text:one")
    visit.done()
    visit.page.get_by_role("button", name="Conversations").click()
    visit.page.get_by_role("button", name="New conversation").click()
    expect(visit.page.locator(".message")).to_have_count(0)
    visit.ask("text:two")
    visit.done()
    visit.page.get_by_role("button", name="Conversations").click()
    visit.shot("list-phone")
    visit.page.locator("#list").get_by_role("button", name="text:one", exact=True).click()
    visit.see("one")
    visit.page.get_by_role("button", name="Conversations").click()
    visit.page.get_by_role("button", name="Delete: text:one").click()
    visit.shot("delete-phone")
    visit.page.get_by_role("button", name="Delete", exact=True).click()
    visit.page.reload()
    expect(visit.page.locator("#list li")).to_have_count(1)
    visit.see("two")


def errors_are_told(bench: Bench) -> None:
    server = bench.server()
    visit = bench.visit(server.address)
    for script, said in (
        ("raise:crashed", "Try again in"),
        ("raise:overloaded", "The queue is full."),
        ("raise:context", "The prompt is too long."),
    ):
        visit.page.get_by_role("button", name="New conversation").click()
        visit.ask(script)
        visit.done()
        visit.see(said)
        visit.shot(f"error-{script.split(':')[-1]}-light")
    visit.expected("status of 5", "status of 4")
    visit.page.get_by_role("button", name="New conversation").click()
    visit.ask("text:partly wait raise:engine")
    visit.see("partly")
    server.open_gate()
    visit.done()
    visit.see("Something broke.")
    visit.see("partly")
    visit.shot("error-midway-light")
    bench.serving[0].end()
    visit.page.get_by_role("button", name="Retry").click()
    visit.see("The server cannot be reached.")
    visit.shot("error-gone-light")
    visit.page.get_by_role("link", name="Status").click()
    visit.see("The server does not answer.")
    visit.expected("ERR_CONNECTION_REFUSED")


def a_key_is_asked_for(bench: Bench) -> None:
    server = bench.server(guard=Guard("127.0.0.1", keys=Keyring([("ann", "sesame")])))
    visit = bench.visit(server.address)
    visit.see("This server wants an API key.")
    visit.shot("key-light")
    visit.page.get_by_label("Key", exact=True).fill("wrong")
    visit.page.get_by_role("button", name="Use this key").click()
    visit.see("The server does not know this key.")
    visit.page.get_by_label("Key", exact=True).fill("sesame")
    visit.page.keyboard.press("Enter")
    visit.see("scripted: 4,096 tokens")
    visit.ask("text:open")
    visit.done()
    visit.page.reload()
    visit.see("scripted: 4,096 tokens")
    assert "sesame" not in visit.page.evaluate("JSON.stringify(localStorage)")
    visit.expected("status of 401")


def routes_that_are_gone_are_told(bench: Bench) -> None:
    server = bench.server(routes={"/v1/chat/completions": False, "/metrics": False})
    visit = bench.visit(server.address)
    visit.see("has taken the chat route away")
    expect(visit.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    visit.page.get_by_role("link", name="Status").click()
    visit.see("profile has taken this route away.")


def the_status_is_live(bench: Bench) -> None:
    server = bench.server()
    visit = bench.visit(server.address, dark=True)
    visit.ask("text:some wait")
    server.wait_for(server.script.waiting)
    visit.page.get_by_role("link", name="Status").click()
    row = visit.page.get_by_role("row", name="scripted")
    expect(row).to_contain_text("ready")
    visit.see("Running (solid line): 1.")
    server.open_gate()
    visit.see("Running (solid line): 0.")
    visit.shot("status-dark")
    visit.page.get_by_role("link", name="Chat").click()
    visit.see("some")
    phone = bench.visit(f"{server.address}/#/status", size=PHONE)
    expect(phone.page.get_by_role("row", name="scripted")).to_contain_text("ready")
    phone.shot("status-phone")


def the_keyboard_is_enough(bench: Bench) -> None:
    visit = bench.visit(bench.server().address)
    expect(visit.page.get_by_label("Message", exact=True)).to_be_focused()
    visit.page.keyboard.type("text:hello")
    visit.page.keyboard.press("Shift+Enter")
    visit.page.keyboard.type("text:there")
    visit.page.keyboard.press("Enter")
    visit.done()
    expect(visit.page.get_by_label("Message", exact=True)).to_be_focused()
    expect(visit.page.locator("#announcer")).to_have_text("Answer: hellothere")
    visit.page.get_by_role("link", name="Skip").focus()
    visit.shot("skip-light")
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_label("Message", exact=True)).to_be_focused()


CHECKS: tuple[Callable[[Bench], None], ...] = (
    a_real_model_answers,
    settings_are_sent_and_an_answer_goes_on,
    answers_can_be_stopped_and_questions_edited,
    tools_are_shown_and_answered,
    markdown_is_shown,
    markdown_is_the_same_however_it_arrives,
    code_is_copied_and_conversations_exported,
    conversations_are_kept_and_deleted,
    errors_are_told,
    a_key_is_asked_for,
    routes_that_are_gone_are_told,
    the_status_is_live,
    the_keyboard_is_enough,
)


@contextmanager
def demo() -> Iterator[str]:
    """The address of a real `mlxk up demo`."""
    command = [*MLXK, "up", "demo", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield Log(process).wait_for(r"http://[\d.]+:\d+").group()
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def holds(check: Callable[[Bench], None], browser: Browser, address: str, shots: Path) -> bool:
    try:
        with ExitStack() as stack:
            bench = Bench(browser, address, shots, stack)
            check(bench)
            complaints = [said for visit in bench.visits for said in visit.complaints]
            assert not complaints, complaints
    except AssertionError:
        traceback.print_exc()
        return False
    return True


def main() -> int:
    if not os.access(CHROMIUM, os.X_OK):
        print(f"this check needs a browser, and there is no {CHROMIUM}", file=sys.stderr)
        return 2
    wanted = sys.argv[2:] or [check.__name__ for check in CHECKS]
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright, demo() as address:
        shots = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        shots.mkdir(parents=True, exist_ok=True)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        chosen = [check for check in CHECKS if check.__name__ in wanted]
        failed = [check.__name__ for check in chosen if not holds(check, browser, address, shots)]
        browser.close()
    print(f"{len(chosen)} checks, {len(failed)} failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
