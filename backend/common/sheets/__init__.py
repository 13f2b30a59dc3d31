"""Tables people send us (CSV, XLSX): reading, cell values, columns, the report, templates, the command.

A sheet never raises at a person: whatever is wrong becomes a problem with row, column and a Chinese reason.
"""

from backend.common.sheets.cells import (
    CellInvalid,
    Raw,
    as_date,
    as_datetime,
    as_decimal,
    as_identifier,
    as_integer,
    as_phone,
    as_text,
    choice,
    yes_no,
)
from backend.common.sheets.columns import Column, Layout, Table
from backend.common.sheets.reading import SheetUnreadable, read_bytes, read_path
from backend.common.sheets.report import ImportReport, Problem, Tally
from backend.common.sheets.template import template_bytes

__all__ = [
    "CellInvalid",
    "Column",
    "ImportReport",
    "Layout",
    "Problem",
    "Raw",
    "SheetUnreadable",
    "Table",
    "Tally",
    "as_date",
    "as_datetime",
    "as_decimal",
    "as_identifier",
    "as_integer",
    "as_phone",
    "as_text",
    "choice",
    "read_bytes",
    "read_path",
    "template_bytes",
    "yes_no",
]
