"""Makes HTML in which every text is escaped, whoever it came from."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final

_VOID: Final = frozenset({"meta", "br", "path", "line", "rect"})


class Markup(str):
    """Text that is HTML already; any other `str` is escaped when it is put into an element."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str | float | None) -> Markup:
    """Return an element.

    Args:
        tag: Its name.
        children: Its content; what is no Markup is escaped.
        attributes: Its attributes, without those that are None; `class_` is "class", "_" becomes "-".
    """
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{named}>" if tag in ("meta", "br") else f"<{tag}{named}/>")
    return Markup(f"<{tag}{named}>{joined(children)}</{tag}>")


def joined(parts: Iterable[str]) -> Markup:
    """Return parts one after the other; what is no Markup is escaped."""
    return Markup("".join(part if isinstance(part, Markup) else html.escape(part) for part in parts))


def table(
    name: str, titles: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1, strong: int = -1
) -> Markup:
    """Return a table that scrolls within itself where the screen is narrow.

    Args:
        name: What it is, for those who do not see it.
        titles: The columns' headings.
        rows: Cells, top to bottom.
        left: How many of the first columns are text; those after them are figures, aligned right.
        strong: Index of the row that is emphasised; -1 for none.
    """
    kept = [column for column in range(len(titles)) if any(row[column] for row in rows)]
    head = element(
        "tr", *(element("th", titles[column], class_=_side(column, left), scope="col") for column in kept)
    )
    body = [
        element(
            "tr",
            *(element("td", row[column], class_=_side(column, left)) for column in kept),
            class_="strong" if index == strong else None,
        )
        for index, row in enumerate(rows)
    ]
    return scrolling(name, element("table", element("thead", head), element("tbody", *body)))


def scrolling(name: str, whole: Markup) -> Markup:
    """Return a part that scrolls within itself, by the keyboard too."""
    return element("section", whole, class_="scroll", tabindex="0", aria_label=name)


def pairs(rows: Iterable[tuple[str, str]]) -> Markup:
    """Return names with their values, without those that have none."""
    return element(
        "dl",
        *(element("div", element("dt", name), element("dd", value)) for name, value in rows if value),
    )


def _side(column: int, left: int) -> str:
    return "text" if column < left else "figure"
