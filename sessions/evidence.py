"""What stands behind the figures, in words for both reports: runs, experiments, p99 with all that is in it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.experiments.outcome import Experiment, Setting
from engine.figures import Calibration, LeftOut
from sessions.format import clock, count, digits, duration, load_short, plural, rate
from sessions.model import RepeatedFigure, Result, Session


def repeat_lines(session: Session) -> list[str]:
    """Return what several runs say together, the smallest difference that they could prove first."""
    runs = session.repeats
    if len(runs) < 2:
        return []
    lines = []
    proofs = [
        f"{figure.figure} {_percent(figure.resolution_pct)} %"
        for figure in session.repeated
        if figure.resolution_pct is not None
    ]
    if proofs:
        lines.append(
            f"{plural(len(runs), 'run')} against {len(runs)} can prove a difference of {', '.join(proofs)}, "
            "and none that is smaller"
        )
    lines += [_repeated(figure) for figure in session.repeated]
    lines += _validity(runs, settles=session.plan.warmup.kind == "auto")
    lines.append("the rest of this report is of the last run")
    return lines


def calibration_lines(calibration: Calibration | None) -> list[str]:
    """Return raw and calibrated p99 side by side, and what is between them; nothing where that is nothing."""
    if calibration is None or not calibration.left_out or calibration.raw_p99_s is None:
        return []
    at_least = "≥ " if calibration.raw_at_least else ""
    raw = f"{at_least}{duration(calibration.raw_p99_s)}"
    core = "…" if calibration.calibrated_p99_s is None else duration(calibration.calibrated_p99_s)
    head = f"raw {raw}, with everything that was asked for; calibrated {core}, of the service alone"
    return [head, *(_left_out(one) for one in calibration.left_out)]


def experiment_lines(experiment: Experiment) -> list[str]:
    """Return what was tried, and what came of it."""
    what = "ABBA" if experiment.kind == "abba" else "twice the workers"
    when = f"{clock(experiment.start_s)} to {clock(experiment.end_s)}"
    head = f"{what}, {when}: A {_setting(experiment.a)}, B {_setting(experiment.b)}"
    if experiment.kind != "abba" or experiment.state == "aborted":
        return [head, experiment.words]
    lines = [head]
    for effect in experiment.effects:
        reasons = f" ({'; '.join(effect.reasons)})" if effect.reasons else ""
        lines.append(f"B's {effect.figure} {effect.words}{reasons}")
    return [*lines, *experiment.notes]


def _repeated(figure: RepeatedFigure) -> str:
    say = rate if figure.figure == "throughput" else duration
    middle, _, rest = figure.words.partition(",")
    unit = " requests/s" if figure.figure == "throughput" else ""
    band = f"{rest} (95 %)" if figure.half_pct is not None else f",{rest}"
    values = " · ".join(say(value) for value in figure.values)
    return f"{figure.figure}: {middle}: {say(figure.median)}{unit}{band}; runs {values}"


def _validity(runs: Sequence[Result], *, settles: bool) -> list[str]:
    lines = []
    settled = sum(1 for run in runs if run.settled)
    if settles and settled < len(runs):
        lines.append(f"{settled} of {len(runs)} runs settled: let them run longer")
    bound = sum(1 for run in runs if run.client.verdict == "client-bound")
    if bound == len(runs):
        lines.append("the generator was the bottleneck in all of them: these are its figures")
    elif bound:
        lines.append(f"{plural(bound, 'run')} left out: the generator was the bottleneck")
    return lines


def _left_out(one: LeftOut) -> str:
    inside = "in response times" if one.in_response else "not in response times"
    if one.p99_effect_s is None:
        return f"{one.what}: {count(one.count)}, {inside}"
    effect = one.p99_effect_s
    if abs(effect) < 1e-9:
        return f"{one.what}: {count(one.count)}, {inside}, p99 is the same without"
    size = duration(abs(effect))
    words = f"p99 is {'at least ' if one.at_least else ''}{size} {'lower' if effect > 0 else 'higher'} without"
    return f"{one.what}: {count(one.count)}, {inside}, {words}"


def _setting(setting: Setting) -> str:
    return f"{load_short(setting.load)}, {plural(setting.workers, 'worker')}"


def _percent(value: float | None) -> str:
    return "?" if value is None else digits(value, 2)
