"""A point of time within a second of the run, for what is too short to be named by the second."""

from __future__ import annotations


def moment(seconds: float) -> str:
    """Return a point of time in the run to a hundredth of a second: 0:41.07, 1:02:03.50."""
    hundredths = round(min(max(seconds, 0.0), 1e9) * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    small = f"{rest // 100:02d}.{rest % 100:02d}"
    return f"{hours}:{minutes:02d}:{small}" if hours else f"{minutes}:{small}"
