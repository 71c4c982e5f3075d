"""Every size of a terminal has an arrangement without holes and overlaps."""

from __future__ import annotations

import pytest

from tui.panels.tiny import NEEDED
from tui.screens.arranging import PRESETS
from tui.screens.layout import SMALLEST, STACK, Choice, form_of, places

SIZES = [
    (width, height) for width in range(1, 261, 7) for height in (1, 5, 15, 16, 17, 24, 31, 32, 33, 40, 50, 90)
]


@pytest.mark.parametrize("cores", [0, 2, 16, 128])
@pytest.mark.parametrize("segments", [0, 3, 40])
def test_panels_cover_the_screen_once(cores: int, segments: int) -> None:
    for width, height in [*SIZES, (60, 16), (80, 24), (120, 40), (200, 50)]:
        covered = [[0] * width for _ in range(height)]
        for name, box in places(width, height, cores, segments).items():
            assert box.width > 0, (name, width, height)
            assert box.height > 0, (name, width, height)
            for y in range(box.y, box.y + box.height):
                for x in range(box.x, box.x + box.width):
                    covered[y][x] += 1
        assert all(cell == 1 for row in covered for cell in row), (width, height, cores, segments)


def test_the_named_sizes_get_the_forms_they_were_designed_for() -> None:
    assert form_of(59, 16) == form_of(60, 15) == "tiny"
    assert form_of(60, 16) == form_of(80, 24) == form_of(200, 24) == "compact"
    assert form_of(100, 32) == form_of(120, 40) == form_of(200, 43) == "framed"
    assert form_of(160, 44) == form_of(200, 50) == "wide"
    assert NEEDED == SMALLEST
    assert "events" in places(60, 16)
    assert "cores" in places(80, 24)


ALL = {want.name for want in STACK}


def covered_once(width: int, height: int, choice: Choice) -> None:
    """Fail where a cell of the screen has no panel, or two."""
    cells = [[0] * width for _ in range(height)]
    for box in places(width, height, 4, 3, choice).values():
        for y in range(box.y, box.y + box.height):
            for x in range(box.x, box.x + box.width):
                cells[y][x] += 1
    assert all(cell == 1 for row in cells for cell in row), (width, height, choice)


@pytest.mark.parametrize(
    "size", [(60, 16), (80, 24), (80, 60), (100, 32), (120, 40), (160, 44), (200, 50), (300, 90)]
)
def test_whatever_is_hidden_wanted_or_alone_the_screen_is_covered_once(size: tuple[int, int]) -> None:
    for name in ALL:
        covered_once(*size, Choice(alone=name))
        covered_once(*size, Choice(hidden=frozenset({name})))
        covered_once(*size, Choice(hidden=frozenset(ALL - {name})))
        covered_once(*size, Choice(wanted=(name,)))
    covered_once(*size, Choice(wanted=tuple(sorted(ALL))))
    covered_once(*size, Choice(hidden=frozenset(ALL)))
    for preset in PRESETS.values():
        covered_once(*size, preset)


def test_every_panel_has_a_place_at_the_design_size_when_it_is_asked_for() -> None:
    for size in ((60, 16), (80, 24), (120, 40), (200, 50)):
        for name in ALL:
            assert name in places(*size, choice=Choice(wanted=(name,))), (name, size)


def test_the_large_size_has_everything_and_the_design_size_nearly() -> None:
    assert set(places(200, 50)) >= ALL
    assert {"spectrogram", "latency", "gc", "cores", "target", "health", "ledger"} <= set(places(120, 40))


def test_a_digit_hides_what_is_seen_and_asks_for_what_is_not() -> None:
    chosen = Choice().toggled(("gc", "memory"), {"gc"})
    assert chosen.hidden == {"gc", "memory"}
    again = chosen.toggled(("gc", "memory"), set())
    assert again == Choice(wanted=("gc", "memory"))
    assert again.toggled(("cores",), set()).wanted == ("cores", "gc", "memory")
