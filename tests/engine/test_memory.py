"""What is free is given back to the system."""

from __future__ import annotations

import platform

import numpy as np
import psutil
import pytest

from engine.memory import give_back


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps free memory, and gives it back")
def test_gaps_between_what_stays_are_given_back() -> None:
    # 60 kB each come from the heap; every twentieth stays, so that the heap cannot shrink by itself.
    arrays = [np.ones(60_000, np.uint8) for _ in range(2000)]
    kept = arrays[::20]
    del arrays
    before = psutil.Process().memory_info().rss
    assert give_back()
    assert before - psutil.Process().memory_info().rss > 50_000_000
    assert all(one.all() for one in kept)
