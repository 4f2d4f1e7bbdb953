"""Reads which part of a list is wanted from an address: limit, after, order."""

from starlette.requests import Request

from pipelines.errors import TooLarge, TooSmall, UnsupportedValue, WrongType
from server.batches.paging import Page

_ORDERS = ("desc", "asc")
_MOST_DIGITS = 9


def page_of(request: Request, *, most: int, default: int) -> Page:
    """Raises: RequestError."""
    query = request.query_params
    order = query.get("order", "desc")
    if order not in _ORDERS:
        raise UnsupportedValue("Supported values are: 'asc', 'desc'.", "order")
    limit = _limit(query.get("limit"), most, default)
    return Page(limit, query.get("after") or None, oldest_first=order == "asc")


def _limit(said: str | None, most: int, default: int) -> int:
    if said is None:
        return default
    if not said.isascii() or not said.removeprefix("-").isdigit() or len(said) > _MOST_DIGITS:
        raise WrongType(f"expected an integer within 1..{most}.", "limit")
    if int(said) < 1:
        raise TooSmall(f"Expected a value >= 1, but got {said} instead.", "limit")
    if int(said) > most:
        raise TooLarge(f"Expected a value <= {most}, but got {said} instead.", "limit")
    return int(said)
