"""What a run came to since it was last asked: what a journal writes, at a cost that hardly grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from engine.books.ledger import Ledger
from engine.experiments.outcome import Experiment
from engine.figures import Calibration
from engine.histogram import Counts
from engine.plan import Plan
from engine.record import Record
from engine.snapshot import RunState
from engine.views import record


class Progress(Struct, frozen=True):
    """A run at one instant, as far as it differs from an earlier one.

    Attributes:
        record: As a record of that instant, with three differences: its segments have neither histograms nor
            calibration, its pauses begin with number `pauses_from`, and its time series with `seconds_from`.
        pauses_from: How many pauses were known at the earlier instant.
        seconds_from: Number of a row before which none has changed since the earlier instant.
        series_state: What tells the next instant from which row on the time series has changed.
        counts: Of each segment whose figures have changed, by index: the counts of its histograms by kind,
            shape (bins,). Those that a record would encode; they are copies.
        calibrations: Of the same segments, by index.
    """

    record: Record
    pauses_from: int
    seconds_from: int
    series_state: tuple[int, int]
    counts: Mapping[int, Mapping[str, Counts]]
    calibrations: Mapping[int, Calibration | None]

    @property
    def pauses_until(self) -> int:
        """How many pauses are known at this instant."""
        return self.pauses_from + len(self.record.pauses)


def progress(
    plan: Plan,
    state: RunState,
    ledger: Ledger,
    *,
    started_unix_s: float,
    now_ns: int,
    since: Progress | None,
    experiments: Sequence[Experiment] = (),
) -> Progress:
    """Return what a run came to since `since`, or since its begin.

    What did not change is told by identity: the books say the same struct again of a segment in which nothing
    was counted meanwhile.
    """
    pauses_from = since.pauses_until if since is not None else 0
    seconds_from = ledger.series_changed_from(since.series_state) if since is not None else 0
    now = record(
        plan,
        state,
        ledger,
        started_unix_s=started_unix_s,
        now_ns=now_ns,
        experiments=experiments,
        whole=False,
        pauses_from=pauses_from,
        seconds_from=seconds_from,
    )
    before = since.record.segments if since is not None else ()
    changed = [row.index for row in now.segments if row.index >= len(before) or before[row.index] is not row]
    return Progress(
        now,
        pauses_from,
        seconds_from,
        ledger.series_state,
        {index: ledger.segments[index].counts() for index in changed},
        {index: ledger.calibration(index) for index in changed},
    )
