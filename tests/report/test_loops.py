"""The event loops of threads that ran notebooks."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading

import pytest

from riskkit.report.parts import close_loop


def test_what_waits_when_a_notebook_timed_out_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing complains of a task that was destroyed while it waited, and the loop is closed."""
    closed = []

    def thread() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        waiting = loop.create_task(asyncio.sleep(3600))
        loop.run_until_complete(asyncio.sleep(0))
        del waiting
        close_loop()
        closed.append(loop.is_closed())

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        one = threading.Thread(target=thread)
        one.start()
        one.join(30)
        gc.collect()
    assert closed == [True]
    assert "pending" not in caplog.text


def test_a_thread_without_a_loop_has_none_to_close() -> None:
    """Closing is no error where nothing ran."""
    failed: list[BaseException] = []

    def thread() -> None:
        try:
            close_loop()
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    one = threading.Thread(target=thread)
    one.start()
    one.join(30)
    assert not failed
