"""Every size of a terminal has an arrangement without holes and overlaps."""

from __future__ import annotations

import pytest

from tui.panels.tiny import NEEDED
from tui.screens.layout import SMALLEST, form_of, places

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
    assert form_of(120, 40) == form_of(200, 50) == "framed"
    assert NEEDED == SMALLEST
    assert "events" in places(60, 16)
    assert "cores" in places(80, 24)
