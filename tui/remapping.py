"""A user's own keys: `config.toml` in the configuration folder, and what becomes of the table of keys.

    [keys]
    "load.more" = "plus, k"
    "load.undo" = "z"

A wish that cannot be had is named in one line and skipped; it never stops the console.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace
from textual.keys import Keys

from tui.keys import CHARACTERS, Key

TABLE: Final = "keys"

_NAMES: Final = {character: name for name, character in CHARACTERS.items()}
_MODIFIERS: Final = frozenset({"ctrl", "shift", "alt", "super"})


def read_keys(file: Path) -> tuple[dict[str, str], list[str]]:
    """Return a file's wishes, keys by the id of what they are to do, and a line for each that is none."""
    try:
        document: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, [f"'{file.name}' is not used: {error}"]
    complaints = [f"'{file.name}': [{name}] is not known" for name in document if name != TABLE]
    table = document.get(TABLE, {})
    if not isinstance(table, dict):
        return {}, [*complaints, f"'{file.name}': '{TABLE}' is not a table"]
    wishes: dict[str, str] = {}
    for id, keys in table.items():
        if isinstance(keys, str):
            wishes[id] = keys
        else:
            complaints.append(f"'{file.name}': the keys of '{id}' are no text")
    return wishes, complaints


def remapped(keys: tuple[Key, ...], wishes: Mapping[str, str]) -> tuple[tuple[Key, ...], list[str]]:
    """Return the table with other keys for some ids, and a line for each wish that cannot be had.

    A key that is given to another action is lost to the one that had it. An action without keys is still in the
    palette.

    Args:
        keys: The table.
        wishes: Ids, and what is to do it: characters or Textual's names, with commas or blanks between.
    """
    complaints: list[str] = []
    ids = {key.id for key in keys}
    given: dict[str, list[str]] = {}
    owner: dict[str, str] = {}
    for id, text in wishes.items():
        if id not in ids:
            complaints.append(f"config.toml: '{id}' is no action that has keys")
            continue
        given[id] = []
        for written in text.replace(",", " ").split():
            name = named(written)
            if not name:
                complaints.append(f"config.toml: '{written}' of '{id}' is no key")
            elif name in owner:
                complaints.append(f"config.toml: '{written}' of '{id}' is that of '{owner[name]}' already")
            else:
                owner[name] = id
                given[id].append(name)
        if text.strip() and not given[id]:
            del given[id]  # all of it was refused: better the old keys than none
    table = []
    for key in keys:
        own = [name for name in key.keys.split(",") if owner.get(name, key.id) == key.id]
        table.append(replace(key, keys=",".join(given.get(key.id, own))))
    return tuple(table), complaints


def named(written: str) -> str:
    """Return Textual's name of a key as people write it, or "" for what is none: `+`, `plus`, `K`, `ctrl+s`."""
    if written in _NAMES:
        return _NAMES[written]
    *modifiers, last = written.split("+")
    if not all(modifier in _MODIFIERS for modifier in modifiers):
        return ""
    known = {key.value for key in Keys} | set(CHARACTERS)
    single = len(last) == 1 and last.isalnum()
    return written if written in known or last in known or single else ""
