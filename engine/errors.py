"""Errors of loadtop. Each carries the exit code that the command line ends with.

LoadtopError                     1    anything below, caught in one place: `tui.cli.main`
  UsageError                     2    a flag, URL, file or session that cannot be used as given
  NothingMeasured                1    the run ended without a single answer
    TargetUnreachable            1    the target's address cannot be found or refuses connections
  EngineLost                     1    the engine's own processes could not be kept alive
  LookFailed                     1    a profile or a trace that was asked for could not be had; the run goes on

A message is one line: what was tried, on which value, and what to do about it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes of the command line. 3, 5 and 99 have precedents in kaioken, pywrkr and k6."""

    OK = 0
    NOTHING_MEASURED = 1
    USAGE = 2
    WORSE = 3
    CANNOT_TELL = 4
    NOT_COMPARABLE = 5
    SLO_MISSED = 99
    INTERRUPTED = 130


class LoadtopError(Exception):
    """Base of all errors that are shown to a person as one line."""

    exit_code: ClassVar[Exit] = Exit.NOTHING_MEASURED


class UsageError(LoadtopError):
    """Something given by the user cannot be used; nothing was started."""

    exit_code = Exit.USAGE


class NothingMeasured(LoadtopError):
    """The run is over and no request was answered."""


class TargetUnreachable(NothingMeasured):
    """No connection to the target can be opened."""


class EngineLost(LoadtopError):
    """A worker process could not be started or kept alive."""


class LookFailed(LoadtopError):
    """A profile or a trace of the target could not be had; the run goes on without it."""
