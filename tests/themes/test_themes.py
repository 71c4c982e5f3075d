"""Themes load or say why not, and can be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color

from themes import CHART_COLORS, DEFAULT_THEME, SHIPPED, load_themes, variable_defaults

WHOLE = (SHIPPED / f"{DEFAULT_THEME}.toml").read_text(encoding="utf-8")

SHIPPED_THEMES, COMPLAINTS = load_themes()

TEXT = ("foreground", "title", "dim", "good", "warn", "bad")
SHAPES = ("frame", "rule", *(f"chart-{name}" for name in CHART_COLORS))


def luminance(color: Color) -> float:
    """Return WCAG's relative luminance."""
    parts = [value / 255 for value in color.rgb]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast of two colours, 1 to 21."""
    lighter, darker = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_every_shipped_file_is_a_theme_and_the_default_comes_first() -> None:
    assert COMPLAINTS == []
    assert next(iter(SHIPPED_THEMES)) == DEFAULT_THEME
    assert len(SHIPPED_THEMES) == len(list(SHIPPED.glob("*.toml"))) >= 5


def test_there_is_a_light_one_and_one_of_the_terminals_own_colours() -> None:
    assert any(not theme.dark for theme in SHIPPED_THEMES.values())
    assert any(theme.ansi for theme in SHIPPED_THEMES.values())


@pytest.mark.parametrize("name", [name for name, theme in SHIPPED_THEMES.items() if not theme.ansi])
def test_text_and_charts_stand_out_from_the_background(name: str) -> None:
    theme = SHIPPED_THEMES[name]
    assert theme.background is not None
    assert theme.surface is not None
    colors = {**theme.variables, "foreground": theme.foreground or ""}
    for key in TEXT:
        assert contrast(colors[key], theme.background) >= 4.5, key
    for key in SHAPES:
        assert contrast(colors[key], theme.background) >= 3, key
    for key in ("foreground", "title", "dim"):
        assert contrast(colors[key], theme.surface) >= 4.5, f"{key} on surface"
    # percentiles' names and the big number are text in the tones of their charts
    for key in ("chart-throughput", "chart-p50", "chart-p90", "chart-p99", "chart-p999", "chart-max"):
        assert contrast(colors[key], theme.background) >= 4.5, key


def test_every_theme_defines_the_same_variables() -> None:
    for theme in SHIPPED_THEMES.values():
        assert set(theme.variables) == set(variable_defaults())


BROKEN = {
    "it is not TOML": "name = ",
    "it is not UTF-8": "\xff\xfe",
    "the file lacks 'name'": "dark = true",
    "the file has 'shade', which is not a key of a theme": "shade = 1\n" + WHOLE,
    "colour 'zzz' of 'primary' is not a colour": WHOLE.replace('primary = "#7aa8e8"', 'primary = "zzz"'),
    "colour 7 of 'primary' is not a colour": WHOLE.replace('primary = "#7aa8e8"', "primary = 7"),
    "[charts] lacks 'gc'": WHOLE.replace('gc = "#c79be8"\n', ""),
    "[charts] has 'gd', which is not a key of a theme": WHOLE + '\ngd = "#ffffff"\n',
    "'dark' is neither true nor false": WHOLE.replace("dark = true", 'dark = "yes"'),
    "colour 'ansi_red' of 'bad' is not an opaque colour such as '#87d7af'": WHOLE.replace(
        'bad = "#f07a76"', 'bad = "ansi_red"'
    ),
    "'colors' is not a table": 'name="x"\ndark=true\nansi=false\ncolors=1\n[charts]\n',
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_file_is_named_in_one_line_and_skipped(reason: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(
        BROKEN[reason].encode("latin-1" if "\xff" in BROKEN[reason] else "utf-8")
    )
    themes, complaints = load_themes(tmp_path)
    assert set(themes) == set(SHIPPED_THEMES)
    assert len(complaints) == 1
    assert complaints[0].startswith(f"theme 'mine.toml' skipped: {reason}")
    assert "\n" not in complaints[0]


def test_a_file_that_cannot_be_read_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").mkdir()
    assert load_themes(tmp_path)[1] == ["theme 'mine.toml' skipped: it cannot be read: Is a directory"]


def test_a_users_theme_replaces_a_shipped_one_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(WHOLE.replace("#7aa8e8", "#ffffff"), encoding="utf-8")
    themes, complaints = load_themes(tmp_path)
    assert complaints == []
    assert themes[DEFAULT_THEME].primary == "#ffffff"


def test_no_folder_is_no_complaint(tmp_path: Path) -> None:
    assert load_themes(tmp_path / "none")[1] == []
