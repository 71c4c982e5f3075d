"""Objectives as a JUnit file, which CI systems show as tests.

The format has no standard; this keeps to what Jenkins' junit-10 schema, GitLab and GitHub's actions all read:
`testsuites`, `testsuite`, `testcase`, with `failure`, `skipped` and `system-out` inside.
"""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree

from engine.stats.slo import SloFigures
from sessions.format import load_words
from sessions.model import Session
from sessions.objectives import figure, outcome

SUITE: Final = "loadtop"


def as_junit(session: Session) -> str:
    """Return the objectives of a session as a JUnit file: a test each, which fails where it was not met."""
    slos = session.slos
    counts = {
        "tests": str(len(slos)),
        "failures": str(sum(not slo.passed for slo in slos)),
        "errors": "0",
        "skipped": str(sum(_is_skipped(slo) for slo in slos)),
        "time": f"{session.duration_s:.3f}",
    }
    top = ElementTree.Element("testsuites", {"name": SUITE, **counts})
    suite = ElementTree.SubElement(
        top,
        "testsuite",
        {
            "name": session.name or session.plan.target,
            **counts,
            "timestamp": session.created.removesuffix("Z"),
        },
    )
    for slo in slos:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            {"name": slo.expr, "classname": session.plan.target, "time": f"{session.duration_s:.3f}"},
        )
        _judge(case, slo)
    ElementTree.SubElement(
        suite, "system-out"
    ).text = (
        f"{session.plan.method} {session.plan.target}, {load_words(session.result.load or session.plan.load)}"
    )
    ElementTree.indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(top, encoding="unicode")}\n'


def _judge(case: ElementTree.Element, slo: SloFigures) -> None:
    said = ": ".join(filter(None, (outcome(slo)[1], figure(slo), slo.reason)))
    if _is_skipped(slo):
        ElementTree.SubElement(case, "skipped", {"message": said})
    elif not slo.passed:
        failure = ElementTree.SubElement(case, "failure", {"message": said, "type": slo.verdict})
        failure.text = f"{slo.expr}: {said}"
    else:
        ElementTree.SubElement(case, "system-out").text = said


def _is_skipped(slo: SloFigures) -> bool:
    return slo.passed and slo.verdict != "met"
