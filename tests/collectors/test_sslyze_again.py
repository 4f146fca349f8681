"""What a broken connection left open is asked of a listener once more, and nothing else is."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from riskkit.collectors.tls import child, sslyze_process

DONE = {"status": "COMPLETED", "result": {}}
BROKEN = {"status": "ERROR", "error_reason": "CONNECTIVITY_ISSUE", "result": None}
REFUSED = {"status": "ERROR", "error_reason": "CLIENT_CERTIFICATE_NEEDED", "result": None}
ASKED = ("--certinfo", "--tlsv1_2", "--tlsv1_3")


@pytest.mark.parametrize(
    ("first", "again", "options", "ends"),
    [
        pytest.param([DONE, DONE, DONE], None, None, [DONE, DONE, DONE], id="whole"),
        pytest.param([DONE, REFUSED, DONE], None, None, [DONE, REFUSED, DONE], id="refused"),
        pytest.param([DONE, DONE, BROKEN], [DONE], ("--tlsv1_3",), [DONE, DONE, DONE], id="mended"),
        pytest.param([DONE, DONE, BROKEN], [BROKEN], ("--tlsv1_3",), [DONE, DONE, BROKEN], id="broken-again"),
        pytest.param([DONE, DONE, BROKEN], [], ("--tlsv1_3",), [DONE, DONE, BROKEN], id="second-without-it"),
    ],
)
def test_what_broke_is_asked_once_more(
    monkeypatch: pytest.MonkeyPatch,
    first: list[dict[str, Any]],
    again: list[dict[str, Any]] | None,
    options: tuple[str, ...] | None,
    ends: list[dict[str, Any]],
) -> None:
    """The second child asks for the broken parts alone, and only what it completes replaces them."""
    parts = ("certificate_info", "tls_1_2_cipher_suites", "tls_1_3_cipher_suites")
    answers = [dict(zip(parts, first, strict=True))]
    if again is not None:
        answers.append(dict(zip(parts[2:], again, strict=False)))
    commands: list[list[str]] = []

    def run(command: list[str], _budget_s: float, _stopped: threading.Event) -> int:
        output = next(text.partition("=")[2] for text in command if text.startswith("--json_out="))
        result = {"connectivity_status": "COMPLETED", "scan_result": answers[len(commands)]}
        Path(output).write_text(json.dumps({"server_scan_results": [result]}), encoding="utf-8")
        commands.append(command)
        return 0

    monkeypatch.setattr(child, "run", run)
    found = sslyze_process.scan("a.example", "127.0.0.1", 443, ASKED, budget_s=60, stopped=threading.Event())
    assert found.document is not None
    assert list(found.document["server_scan_results"][0]["scan_result"].values()) == ends
    assert [tuple(text for text in one if text in ASKED) for one in commands[1:]] == (
        [] if options is None else [options]
    )
