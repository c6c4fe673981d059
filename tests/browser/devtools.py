"""Drives a Chromium by its DevTools protocol over a pipe: keys as a person presses them, and all that the page says.

The protocol is Chromium's own (chromedevtools.github.io/devtools-protocol): any installed version will do, no driver.
"""

import fcntl
import itertools
import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
PATIENCE = 60  # seconds
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Space": (32, " "), "ArrowDown": (40, ""), "ArrowUp": (38, "")}


class Tab:
    """One page, the events it sent, and the ways to act on it."""

    def __init__(self, commands: int, answers: int) -> None:
        self.commands, self.answers, self.buffer = commands, answers, b""
        self.numbers, self.session = itertools.count(1), ""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command, and return its result; what the page tells meanwhile is kept in `events`."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, (method, answer["error"])
        return dict(answer["result"])

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            assert select.select([self.answers], [], [], PATIENCE)[0], "the browser does not answer"
            part = os.read(self.answers, 1 << 20)
            assert part, "the browser has ended"
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return dict(json.loads(message))

    def open(self, page: Path) -> None:
        """Open a page in a tab of its own, and wait until it is there."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=page.as_uri())
        self.until("document.readyState === 'complete' && location.protocol === 'file:'")

    def value(self, expression: str) -> Any:
        """Return what an expression of the page's script gives."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression is true."""
        self.wait(lambda: bool(self.value(condition)), condition)

    def wait(self, done: Callable[[], bool], what: str) -> None:
        """Wait until something is done."""
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, f"in vain: {what}"
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        code, text = KEYS[key]
        told = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **told)
        self.call("Input.dispatchKeyEvent", type="keyUp", **told)

    def show(self, scheme: str = "light", width: int = 1280) -> None:
        """Set the colour scheme that the reader prefers, the width of the window, and no smooth scrolling."""
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        told = [{"name": name, "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=told)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def complaints(self) -> list[dict[str, Any]]:
        """Return errors and warnings of the console, exceptions, and what the browser logged of the page."""
        self.value("0")  # what was said before is then here
        names = ("Runtime.exceptionThrown", "Log.entryAdded")
        loud = ("error", "warning", "assert")
        return [
            event
            for event in self.events
            if event["method"] in names
            or (event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] in loud)
        ]

    def requests(self) -> set[str]:
        """Return the addresses that the page asked for, by their beginnings."""
        self.value("0")
        sent = [event for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return {event["params"]["request"]["url"][:200] for event in sent}


@contextmanager
def tab(chromium: str, folder: Path) -> Iterator[Tab]:
    """Start a browser that keeps its profile in a folder, for as long as the block runs."""
    (theirs_in, commands), (answers, theirs_out) = os.pipe(), os.pipe()
    inherited = [fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (theirs_in, theirs_out)]

    def place() -> None:  # the browser reads descriptor 3 and writes 4
        for descriptor, ours in enumerate(inherited, start=3):
            os.dup2(ours, descriptor)

    command = [chromium, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(
        command, pass_fds=(3, 4), preexec_fn=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for descriptor in (theirs_in, theirs_out, *inherited):
        os.close(descriptor)
    opened = Tab(commands, answers)
    try:
        yield opened
        opened.session = ""
        opened.call("Browser.close")
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)
