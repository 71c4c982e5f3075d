"""Every form of the report by its name: what `--report-format` takes, and which file name means which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct

from sessions.hgrm import as_hgrm
from sessions.html.page import as_html
from sessions.model import Session
from sessions.report import as_json, as_markdown, as_text
from sessions.tables import seconds_csv, segments_csv

DEFAULT: Final = "text"


class Paper(Struct, frozen=True):
    """What text is laid out for; other forms do not care.

    Attributes:
        width: Longest line.
        ascii: Whether there is nothing but ASCII.
    """

    width: int = 100
    ascii: bool = False


Write: TypeAlias = Callable[[Session, Paper], str]

FORMATS: Final[Mapping[str, Write]] = {
    "text": lambda session, paper: as_text(session, width=paper.width, ascii=paper.ascii),
    "json": lambda session, _: as_json(session),
    "markdown": lambda session, _: as_markdown(session),
    "html": lambda session, _: as_html(session),
    "csv": lambda session, _: seconds_csv(session),
    "csv-segments": lambda session, _: segments_csv(session),
    "hgrm": lambda session, _: as_hgrm(session),
}

PLAIN: Final = Paper()

ENDINGS: Final[Mapping[str, str]] = {
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".csv": "csv",
    ".hgrm": "hgrm",
}


def format_of(path: Path) -> str:
    """Return the form that a file's name asks for; text where it asks for none."""
    return ENDINGS.get(path.suffix.lower(), DEFAULT)


def write(session: Session, form: str, paper: Paper = PLAIN) -> str:
    """Return the report in the form of that name.

    Raises:
        NothingMeasured: This session has nothing for it.
        UsageError: What this session has for it is damaged.
    """
    return FORMATS[form](session, paper)
