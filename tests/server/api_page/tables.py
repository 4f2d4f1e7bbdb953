"""The tables of docs/api.md, written from the code."""

from tests.server.api_page import ark_rows, openai_rows, own_rows
from tests.server.api_page.parameter import Table

TABLES: tuple[Table, ...] = (
    openai_rows.GENERATIONS,
    openai_rows.EDITS,
    openai_rows.VARIATIONS,
    ark_rows.GENERATIONS,
    own_rows.NATIVE,
    own_rows.TXT2IMG,
    own_rows.IMG2IMG,
)
