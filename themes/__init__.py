"""Themes: one TOML file each, turned into Textual's Theme. `README.md` beside this file documents the format.

A file that cannot be used is named in one line and skipped; it never stops the console.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from textual.color import Color, ColorParseError
from textual.theme import Theme

DEFAULT_THEME: Final = "dusk"

SHIPPED: Final = Path(__file__).parent

BASE_COLORS: Final = ("background", "surface", "foreground", "primary", "secondary", "accent")
SIGNAL_COLORS: Final = ("good", "warn", "bad")
TEXT_COLORS: Final = ("title", "dim", "frame", "rule")
CHART_COLORS: Final = ("throughput", "errors", "p50", "p90", "p99", "p999", "max", "gc", "cpu", "rss")

TABLES: Final = {"colors": BASE_COLORS + SIGNAL_COLORS + TEXT_COLORS, "charts": CHART_COLORS}
SWITCHES: Final = ("dark", "ansi")


class BadTheme(ValueError):
    """A theme file that cannot be used; the message says why."""


def load_themes(user_dir: Path | None = None) -> tuple[dict[str, Theme], list[str]]:
    """Return all usable themes by name, the default first, and one line for each file that was skipped.

    Args:
        user_dir: Where a user's own themes are; a theme there replaces a shipped one of the same name.
    """
    themes: dict[str, Theme] = {}
    complaints: list[str] = []
    for path in [*files(SHIPPED), *files(user_dir)]:
        try:
            theme = read_theme(path)
        except BadTheme as reason:
            complaints.append(f"theme '{path.name}' skipped: {reason}")
        else:
            themes[theme.name] = theme
    order = sorted(themes, key=lambda name: (name != DEFAULT_THEME, name))
    return {name: themes[name] for name in order}, complaints


def files(folder: Path | None) -> list[Path]:
    """Return a folder's theme files; none where there is no such folder."""
    try:
        return sorted(folder.glob("*.toml")) if folder is not None else []
    except OSError:
        return []


def read_theme(path: Path) -> Theme:
    """Return the theme in a file.

    Raises:
        BadTheme: The file cannot be read, or is not a whole theme.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise BadTheme("it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadTheme(f"it is not TOML: {error}") from None
    except OSError as error:
        raise BadTheme(f"it cannot be read: {error.strerror}") from None
    return parse_theme(raw)


def parse_theme(raw: dict[str, Any]) -> Theme:
    """Return the theme that a parsed file describes; every key is needed and no other is allowed."""
    expect_keys(raw, ("name", *SWITCHES, *TABLES), "the file")
    name = raw["name"]
    if not isinstance(name, str) or not name.isprintable() or not name.strip():
        raise BadTheme("'name' is not a name")
    for switch in SWITCHES:
        if not isinstance(raw[switch], bool):
            raise BadTheme(f"'{switch}' is neither true nor false")
    for table, keys in TABLES.items():
        if not isinstance(raw[table], dict):
            raise BadTheme(f"'{table}' is not a table")
        expect_keys(raw[table], keys, f"[{table}]")
        for key, value in raw[table].items():
            check_color(key, value, ansi=raw["ansi"])
    colors: dict[str, str] = raw["colors"]
    return Theme(
        name=name,
        dark=raw["dark"],
        ansi=raw["ansi"],
        primary=colors["primary"],
        secondary=colors["secondary"],
        accent=colors["accent"],
        foreground=colors["foreground"],
        background=colors["background"],
        surface=colors["surface"],
        success=colors["good"],
        warning=colors["warn"],
        error=colors["bad"],
        panel=colors["surface"],
        variables=variables(raw),
    )


def variables(raw: dict[str, Any]) -> dict[str, str]:
    """Return the variables that panels and style sheets ask for, and those of Textual's own widgets."""
    colors: dict[str, str] = raw["colors"]
    made = {key: colors[key] for key in (*SIGNAL_COLORS, *TEXT_COLORS)}
    made |= {f"chart-{key}": value for key, value in raw["charts"].items()}
    made |= {
        "block-cursor-background": colors["primary"],
        "block-cursor-foreground": "ansi_black" if raw["ansi"] else colors["background"],
        "block-cursor-text-style": "none",
        "border": colors["frame"],
        "ansi-background": "ansi_black" if raw["dark"] else "ansi_white",
        "ansi-foreground": "ansi_white" if raw["dark"] else "ansi_black",
        "input-cursor-background": colors["foreground"],
        "input-cursor-foreground": colors["background"],
        "input-cursor-text-style": "reverse" if raw["ansi"] else "none",
    }
    return made


def expect_keys(table: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
    """Refuse a table that lacks a key or has one that nobody reads."""
    missing = [key for key in keys if key not in table]
    unknown = [key for key in table if key not in keys]
    if missing:
        raise BadTheme(f"{where} lacks '{missing[0]}'")
    if unknown:
        raise BadTheme(f"{where} has '{unknown[0]}', which is not a key of a theme")


def check_color(key: str, value: object, *, ansi: bool) -> None:
    """Refuse what is not a colour, or not one of the terminal's own where only those are meant."""
    if not isinstance(value, str):
        raise BadTheme(f"colour {value!r} of '{key}' is not a colour")
    try:
        color = Color.parse(value)
    except ColorParseError:
        raise BadTheme(f"colour '{value}' of '{key}' is not a colour") from None
    if ansi and color.ansi is None:
        raise BadTheme(f"colour '{value}' of '{key}' is not one of the terminal's own, such as 'ansi_green'")
    if not ansi and (color.ansi is not None or color.a < 1):
        raise BadTheme(f"colour '{value}' of '{key}' is not an opaque colour such as '#87d7af'")


@cache
def variable_defaults() -> dict[str, str]:
    """Return the variables of the default theme, for style sheets that are parsed under another one."""
    return dict(read_theme(SHIPPED / f"{DEFAULT_THEME}.toml").variables)
