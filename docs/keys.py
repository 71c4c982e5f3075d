"""Writes the README's table of keys from the console's own: python docs/keys.py README.md"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from tui.keys import as_markdown

TABLE: Final = re.compile(r"(?<=<!-- keys -->\n).*?(?=<!-- /keys -->)", re.DOTALL)


def main(arguments: list[str]) -> None:
    """Replace what stands between the two comments."""
    page = Path(arguments[0])
    page.write_text(TABLE.sub(lambda _: as_markdown(), page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
