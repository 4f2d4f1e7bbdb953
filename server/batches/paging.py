"""Which part of a list is wanted, and the query for it. Knows no table and no HTTP."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Table, select


@dataclass(frozen=True, slots=True)
class Page:
    """A cursor and how many entries after it."""

    limit: int
    after: str | None = None
    """The id of the last entry the caller has."""
    oldest_first: bool = False


def part_of(table: Table, wanted: Select[Any], page: Page) -> Select[Any]:
    """The rows of the page and one more, by which it is seen that there are more."""
    number = table.c.number
    if page.after is not None:
        last = select(number).where(table.c.id == page.after).scalar_subquery()
        wanted = wanted.where(number > last if page.oldest_first else number < last)
    return wanted.order_by(number if page.oldest_first else number.desc()).limit(page.limit + 1)
