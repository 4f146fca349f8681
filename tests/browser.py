"""Chromium without a window, driven by its own protocol (DevTools): no driver, no node.

Tests that need it call `chromium()`, which skips them loudly where there is none.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 60.0
"""Seconds after which an answer is no longer waited for."""


class Page:
    """One tab: its dialogs are dismissed and remembered, its requests and console are kept."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=PATIENCE, suppress_origin=True)
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a command of the protocol; events that come before it are kept."""
        number = self._send(method, parameters)
        while True:
            message = self._receive()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def open(self, address: str) -> None:
        """Go to an address, and wait until it is loaded."""
        before = len(self.events)
        self.call("Page.navigate", url=address)
        deadline = time.monotonic() + PATIENCE
        while not any(event["method"] == "Page.loadEventFired" for event in self.events[before:]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{address} did not load")
            self._listen(0.5)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait_for(self, expression: str, *, seconds: float = PATIENCE) -> Any:
        """The value of an expression as soon as it is truthy."""
        deadline = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:g} s: {expression}")
            self._listen(0.25)
        return value

    def screen(self, *, width: int, height: int = 900, dark: bool = False) -> None:
        """The size of the window in CSS pixels, and whether the reader prefers dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, to: Path) -> None:
        """The whole page as PNG, whatever its height."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        to.write_bytes(base64.b64decode(shot["data"]))

    def printed(self, to: Path, *, letter: bool = True) -> None:
        """The page as PDF, on Letter or on A4."""
        width, height = (8.5, 11.0) if letter else (8.27, 11.69)
        sheet = self.call(
            "Page.printToPDF", paperWidth=width, paperHeight=height, preferCSSPageSize=True,
            printBackground=False,
        )  # fmt: skip
        to.write_bytes(base64.b64decode(sheet["data"]))

    @property
    def requests(self) -> list[str]:
        """Addresses that the page asked for, itself included."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]

    @property
    def dialogs(self) -> list[str]:
        """What `alert` and its like wanted to say."""
        return [
            event["params"]["message"]
            for event in self.events
            if event["method"] == "Page.javascriptDialogOpening"
        ]

    def close(self) -> None:
        """Leave the tab."""
        with contextlib.suppress(websocket.WebSocketException, OSError):
            self._socket.close()

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        return number

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv())
        if "method" in message:
            self.events.append(message)
            if message["method"] == "Page.javascriptDialogOpening":
                # A dialog holds everything else up: it is dismissed, and not waited for.
                self._send("Page.handleJavaScriptDialog", {"accept": False})
        return message

    def _listen(self, seconds: float) -> None:
        """Take in what comes within some time."""
        self._socket.settimeout(seconds)
        try:
            with contextlib.suppress(websocket.WebSocketTimeoutException):
                self._receive()
        finally:
            self._socket.settimeout(PATIENCE)


class Browser:
    """A running Chromium, whose profile lies in a folder of the test."""

    def __init__(self, port: int) -> None:
        self._port = port

    @contextlib.contextmanager
    def page(self) -> Iterator[Page]:
        """A new tab."""
        server = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        with contextlib.closing(server):
            server.request("PUT", "/json/new")
            opened = json.load(server.getresponse())
        page = Page(opened["webSocketDebuggerUrl"])
        try:
            yield page
        finally:
            page.close()


def program() -> str | None:
    """Where Chromium lies on this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser of one's own; it and all it started are gone afterwards."""
    path = program()
    if path is None:
        pytest.skip(f"needs Chromium: none of {', '.join(NAMES)} is on PATH")
    profile = folder / "chromium"
    profile.mkdir(parents=True)
    arguments = [
        path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--remote-debugging-port=0",
        f"--user-data-dir={profile}", "about:blank",
    ]  # fmt: skip
    # A session of its own, so that the renderers end with it.
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield Browser(_port(profile / "DevToolsActivePort", process))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=PATIENCE)


def _port(told: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
        if lines:
            return int(lines[0])
        time.sleep(0.05)
    raise RuntimeError(f"Chromium did not start (exit code {process.poll()})")
