"""The entry point: one place that turns errors into a line and an exit code."""

from __future__ import annotations

import os
import sys

from engine.errors import Exit, LoadtopError
from tui.arguments import parse
from tui.importing import uncollected
from tui.output import mute, say


def main(argv: list[str] | None = None) -> int:
    """Run `loadtop`.

    Returns:
        The exit code (`engine.errors.Exit`).

    Raises:
        SystemExit: Help or the version was asked for, and is printed.
    """
    try:
        try:
            return _command(sys.argv[1:] if argv is None else argv)
        finally:
            sys.stdout.flush()  # here, where it is known what to do about a closed pipe
    except LoadtopError as error:
        _explain()
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        mute()
        return Exit.OK
    except Exception as error:  # a mistake of ours: still one line, and the way to the rest of it
        _explain()
        say(f"this should not happen: {type(error).__name__}: {error}; LOADTOP_DEBUG=1 shows where")
        return Exit.NOTHING_MEASURED


def _command(argv: list[str]) -> int:
    arguments = parse(argv)
    with uncollected():  # after parsing, so that --help and typing mistakes answer at once
        from tui.commands import COMMANDS

    return COMMANDS[arguments.command](arguments)


def _explain() -> None:
    if os.environ.get("LOADTOP_DEBUG"):
        import traceback

        traceback.print_exc()


if __name__ == "__main__":
    sys.exit(main())
