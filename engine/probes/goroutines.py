"""How many goroutines a Go service has, the cheapest way: the index of its pprof pages, which stops nothing."""

from __future__ import annotations

import re
from typing import Final

# net/http/pprof, indexTmplExecute: <tr><td>COUNT</td><td><a href='NAME?debug=1'>NAME</a></td></tr>
_ROW: Final = re.compile(rb"<td>(\d{1,12})</td>\s*<td>\s*<a href=['\"]?[^'\">]*goroutine\?debug=1['\">]")


def count_of(index: bytes) -> int | None:
    """Return the count from the index page; None where the page is something else."""
    row = _ROW.search(index)
    return None if row is None else int(row[1])
