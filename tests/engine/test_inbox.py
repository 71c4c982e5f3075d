"""What other threads have of a loop: acts done, looks answered, and never a wait for a loop that is gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.inbox import Inbox

PATIENCE_S = 30.0


@contextmanager
def living() -> Iterator[tuple[Inbox, threading.Thread, threading.Event]]:
    """Run a loop in a thread, with its inbox open; yields inbox, thread, and what ends the loop."""
    finished, ready, ending = threading.Event(), threading.Event(), threading.Event()
    inbox = Inbox(finished)

    async def main() -> None:
        inbox.open()
        ready.set()
        await asyncio.to_thread(ending.wait, PATIENCE_S)

    def live() -> None:
        asyncio.run(main())
        finished.set()

    thread = threading.Thread(target=live)
    thread.start()
    assert ready.wait(PATIENCE_S)
    try:
        yield inbox, thread, ending
    finally:
        ending.set()
        thread.join(PATIENCE_S)


def test_acts_and_looks_are_done_on_the_loop_in_the_order_they_came() -> None:
    done: list[threading.Thread] = []
    with living() as (inbox, thread, _):
        assert all(inbox.post(lambda: done.append(threading.current_thread())) for _ in range(3))
        assert inbox.ask(lambda: len(done)) == 3
        assert inbox.ask(threading.current_thread) is thread
        assert done == [thread] * 3


def test_what_a_look_raises_is_raised_where_it_was_asked() -> None:
    with living() as (inbox, _, _), pytest.raises(ZeroDivisionError):
        inbox.ask(lambda: 1 // 0)


def test_before_and_after_the_loop_nothing_is_done_and_looks_are_taken_here() -> None:
    here = threading.current_thread()
    closed = Inbox(threading.Event())
    assert not closed.post(lambda: None)
    assert closed.ask(threading.current_thread) is here
    with living() as (inbox, thread, ending):
        ending.set()
        thread.join(PATIENCE_S)
        assert not inbox.post(lambda: None)
        assert inbox.ask(threading.current_thread) is here


def test_who_asks_a_loop_that_ends_before_it_answers_looks_by_himself() -> None:
    finished = threading.Event()
    inbox = Inbox(finished)
    loop = asyncio.new_event_loop()  # takes what is posted, and never runs again

    async def open_inbox() -> None:
        inbox.open()

    loop.run_until_complete(open_inbox())
    threading.Timer(0.05, finished.set).start()
    assert inbox.ask(threading.current_thread) is threading.current_thread()
    loop.close()
