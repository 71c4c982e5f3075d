"""`loadtop compare`, and the report of a saved session: words, files, exit codes, and the screen."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from textual.widgets import OptionList, Static

from engine.errors import Exit
from engine.figures import SegmentFigures
from engine.plan import Load
from sessions.compare.compare import compare_sessions
from sessions.compare.weights import DEFAULT_WEIGHTS, parse_weights
from sessions.model import Session
from sessions.reading import load
from sessions.report import as_json
from tui.cli import main
from tui.compare_app import CompareApp

SAMPLE = Path(__file__).parents[1] / "sessions" / "samples" / "demo.json"


def session_with(name: str, change: Callable[[SegmentFigures], SegmentFigures] = lambda row: row) -> Session:
    """The sample under a name, with intervals, and its segments changed."""
    sample = load(SAMPLE)
    segments = tuple(change(_certain(segment)) for segment in sample.segments)
    return replace(sample, name=name, id=f"20261123T040506Z-{name}", segments=segments)


def _certain(segment: SegmentFigures) -> SegmentFigures:
    response, rps = segment.latency_s.response, segment.throughput_rps
    values = {"p50": response.p50, "p90": response.p90, "p99": response.p99}
    ends = {name: (value * 0.99, value * 1.01) for name, value in values.items() if value is not None}
    latencies = replace(segment.latency_s, response=replace(response, ci95=ends))
    return replace(segment, state="settled", latency_s=latencies, throughput_ci95_rps=(rps * 0.99, rps * 1.01))


def slower(segment: SegmentFigures) -> SegmentFigures:
    response = segment.latency_s.response
    assert response.p99 is not None
    ends = {"p99": (response.p99 * 1.29, response.p99 * 1.31)}
    latencies = replace(segment.latency_s, response=replace(response, p99=response.p99 * 1.3, ci95=ends))
    return replace(segment, latency_s=latencies)


def opened(segment: SegmentFigures) -> SegmentFigures:
    return replace(segment, load=Load(mode="open", rate=1000.0, arrivals="poisson", concurrency=100))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder of sessions."""
    changes: dict[str, Any] = {"slower": slower, "opened": opened}
    for name in ("base", "again", "slower", "opened"):
        session = session_with(name, changes.get(name, lambda row: row))
        (tmp_path / f"{name}.json").write_text(as_json(session))
    (tmp_path / "broken.json").write_text('{"schema": "loadtop.session/1", "id": 3}')
    (tmp_path / "cut.json").write_text(as_json(session_with("cut"))[:5000])
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    ("names", "code", "words"),
    [
        (("base", "again"), Exit.OK, "SAME"),
        (("base", "slower"), Exit.WORSE, "WORSE: p99 +30 % (+28 to +32)"),
        (("slower", "base"), Exit.OK, "BETTER: p99 -23 %"),
        (("base", "opened"), Exit.NOT_COMPARABLE, "NOT COMPARABLE: open and closed loops"),
        (("base", "again", "slower"), Exit.OK, "BEST: "),
        (("base", "again", "opened"), Exit.NOT_COMPARABLE, "NOT COMPARABLE"),
    ],
)
def test_sessions_are_compared_by_name(
    names: tuple[str, ...], code: Exit, words: str, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, out, err = told(capsys, "compare", *names, "--sessions-dir", str(kept))
    assert (ended, err) == (code, "")
    assert out.startswith(words)


def test_all_that_miss_an_objective_are_an_exit_code(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(kept / f"{name}.json") for name in ("base", "again", "slower")]
    ended, out, _ = told(capsys, "compare", *files, "--slo", "p99<1us")
    assert ended == Exit.SLO_MISSED
    assert "NONE LEFT" in out and "base: misses p99<1us" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required: SESSION"),
        (["base"], "'base' has nothing to be compared with; give two sessions or more"),
        (["base", "nowhere"], "cannot open 'nowhere': no such file"),
        (["base", "broken"], "it is damaged"),
        (["base", "cut"], "it ends in the middle"),
        (["base", "again", "--weights", "qps=1,speed=2"], "'speed' is no measure"),
        (["base", "again", "--weights", "qps=0.5"], "they sum to 0.5; they must sum to 1"),
        (["base", "again", "--slo", "fast"], "is no objective"),
        (["base", "again", "--slo-lenient"], "--slo-lenient is about objectives"),
        (["base", "again", "--quantile", "p42"], "invalid choice: 'p42'"),
        (["base", "again", "--report-format", "html"], "invalid choice: 'html'"),
        (["base", "again", "-o", "x.html"], "a comparison has no form 'html'; there are text, markdown"),
        (["base", "again", "-o", "/nowhere/x.md"], "cannot write the report to '/nowhere/x.md'"),
        (["base", "again", "--console"], "--console needs a terminal"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_word_is_one_line(
    arguments: list[str], words: str, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, out, err = told(capsys, "compare", "--sessions-dir", str(kept), *arguments)
    assert (ended, out) == (Exit.USAGE, "")
    assert words in err and err.count("\n") == 1


def test_a_comparison_goes_to_a_file(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = kept / "told.csv"
    ended, out, err = told(capsys, "compare", "base", "slower", "--sessions-dir", str(kept), "-o", str(output))
    assert (ended, out) == (Exit.WORSE, "")
    assert err == f"loadtop: report: {output}\n"
    rows = list(csv.DictReader(io.StringIO(output.read_text())))
    assert {row["verdict"] for row in rows if row["metric"] == "p99"} == {"real"}


@pytest.mark.parametrize(
    ("arguments", "begin"),
    [
        (["--report-format", "html"], "<!DOCTYPE html>"),
        (["--report-format", "json"], '{\n  "schema"'),
        (["--report-format", "markdown"], "# loadtop: base"),
        (["--report-format", "csv"], "t_s,"),
        (["--report-format", "csv-segments"], "segment,"),
        (["--report-format", "hgrm"], "       Value "),
        (["--plain"], "loadtop "),
    ],
)
def test_a_saved_session_is_written_in_any_form(
    arguments: list[str], begin: str, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, out, err = told(capsys, "open", str(kept / "base.json"), *arguments)
    assert (ended, err) == (Exit.OK, "")
    assert out.startswith(begin)


def test_a_file_says_by_its_name_what_is_in_it(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = kept / "page.html"
    ended, out, err = told(capsys, "open", "base", "--sessions-dir", str(kept), "-o", str(output))
    assert (ended, out, err) == (Exit.OK, "", f"loadtop: report: {output}\n")
    assert output.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.live
@pytest.mark.parametrize(
    ("slo", "code", "failures"), [("errors<=0%", Exit.OK, 0), ("p50<1ns", Exit.SLO_MISSED, 1)]
)
def test_an_objective_decides_how_a_run_ends(
    slo: str, code: Exit, failures: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, junit = tmp_path / "report.json", tmp_path / "junit.xml"
    ended, out, err = told(
        capsys,
        *("demo", "-n", "300", "-c", "4", "-w", "1", "--no-probe", "--plain", "--slo", slo),
        *("--sessions-dir", str(tmp_path / "s"), "-o", str(report), "--junit", str(junit)),
    )
    assert ended == code
    assert f"objectives: {junit}" in err
    assert (f"loadtop: {slo} MISSED" in err) == bool(failures)
    suite = ElementTree.parse(junit).getroot().find("testsuite")
    assert suite is not None and suite.get("failures") == str(failures)
    (kept,) = load(report).slos
    assert (kept.expr, kept.passed) == (slo, not failures)
    assert "objectives" in out


def test_the_screen_goes_over_operating_points() -> None:
    asyncio.run(_goes_over_operating_points())


async def _goes_over_operating_points() -> None:
    told = compare_sessions(
        [session_with("base"), session_with("slower", slower)],
        weights=parse_weights(DEFAULT_WEIGHTS),
        ranked=True,
    )
    app = CompareApp(told)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        screen = app.screen
        points = screen.query_one("#points", OptionList)
        assert points.option_count == 4  # two operating points, and their rankings

        def shown() -> str:
            return str(screen.query_one("#table", Static).content)

        assert "WORSE: p99 +30 %" in str(screen.query_one("#head", Static).content)
        assert points.highlighted == 0 and "REAL, worse" in shown()
        assert screen.query_one("#detail").border_title == "figures at 64 conns"
        await pilot.press("j")
        await pilot.pause()
        assert screen.query_one("#detail").border_title == "figures at 128 conns"
        await pilot.press("down", "j")
        await pilot.pause()
        assert "score: qps" in shown() and "dominated by base" in shown()
        await pilot.press("j")
        await pilot.pause()
        assert points.highlighted == 0  # round and round
        before = app.theme
        await pilot.press("t")
        assert app.theme != before
        await pilot.press("q")
    assert app.return_code == 0


def test_the_screen_says_where_nothing_can_be_compared() -> None:
    asyncio.run(_says_where_nothing_can_be_compared())


async def _says_where_nothing_can_be_compared() -> None:
    sessions = [session_with("base"), session_with("opened", opened)]
    app = CompareApp(compare_sessions(sessions, weights=parse_weights(DEFAULT_WEIGHTS)), theme="no-such")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "NOT COMPARABLE" in str(app.screen.query_one("#head", Static).content)
        await pilot.press("j", "k", "escape")
    assert app.return_code == 0
