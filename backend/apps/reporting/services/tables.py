"""Long tables drawn straight into pages that WeasyPrint leaves empty (docs/adr/0120).

WeasyPrint needs about 13 ms for a row of a table; here a row is text at known places. It still lays out the pages, their
titles, feet and page numbers, embeds the fonts and writes the file, so text, fonts and PDF/A are as everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backend.apps.reporting.services.glyphs import Face, Glyphs, fonts_named, plain
from backend.apps.reporting.services.style import Annex

MM: Final = 96 / 25.4  # CSS pixels, the unit of WeasyPrint's pages
SIZE: Final = 7.5 * 96 / 72
LEADING: Final = 3.4 * MM
PAD_X: Final = 1.0 * MM
PAD_Y: Final = 0.5 * MM
ASCENT: Final = 0.88  # of the em: where the base line of Chinese type is
TOP: Final = (Annex.TOP + Annex.HEAD) * MM
OPENING: Final = frozenset("（《〈「『〔【“‘([{")
CLOSING: Final = frozenset("）》〉」』〕】”’)]}，。、；：！？％·,.;:!?%…")
ROOM: Final = (Annex.HEIGHT - Annex.TOP - Annex.HEAD - Annex.BOTTOM) * MM


@dataclass(frozen=True, slots=True)
class TableColumn:
    """`share` of the width in per cent; `align` is left, right or center."""

    title: str
    share: float
    align: str = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are text. `total` is the last row, in bold on grey."""

    columns: tuple[TableColumn, ...]
    rows: Sequence[Sequence[str]]
    total: Sequence[str]

    def texts(self) -> Iterator[str]:
        yield from (column.title for column in self.columns)
        for row in (*self.rows, self.total):
            yield from map(plain, row)


@dataclass(frozen=True, slots=True)
class _Row:
    """Lines of every cell, wrapped."""

    cells: tuple[tuple[str, ...], ...]
    kind: str = "row"  # head, row or total

    @property
    def height(self) -> float:
        return max(map(len, self.cells)) * LEADING + 2 * PAD_Y


class Pages:
    """A table divided into pages: `count` of them, each with the head repeated."""

    def __init__(self, table: Table, glyphs: Glyphs, marks: dict[int, str]) -> None:
        """`marks` says what is printed instead of characters the family lacks."""
        self.columns = table.columns
        self.glyphs = glyphs
        width = (Annex.WIDTH - Annex.LEFT - Annex.RIGHT) * MM
        self.edges = [Annex.LEFT * MM]
        for column in table.columns:
            self.edges.append(self.edges[-1] + width * column.share / sum(c.share for c in table.columns))
        self.marks = marks
        head = self._row([column.title for column in table.columns], "head")
        self.pages: list[list[_Row]] = []
        left = 0.0
        for row in self._rows(table):
            if row.height > left:
                self.pages.append([head])
                left = ROOM - head.height
            self.pages[-1].append(row)
            left -= row.height

    @property
    def count(self) -> int:
        return len(self.pages)

    def put_into(self, document: Any) -> None:
        """Fill the last pages of a laid out document; they are drawn when it is written."""
        for number, page in enumerate(document.pages[len(document.pages) - self.count :]):
            page.paint = _painter(page.paint, self, number, document)

    def draw(self, number: int, stream: Any, document: Any) -> None:
        """One page. Where a font is needed it is already in the document: title and foot of the page used it."""
        rows = self.pages[number]
        tops = [TOP]
        for row in rows:
            tops.append(tops[-1] + row.height)
        for row, top in zip(rows, tops, strict=False):
            if row.kind != "row":
                stream.set_color_rgb(*((0.941,) * 3 if row.kind == "head" else (0.969,) * 3))
                stream.rectangle(self.edges[0], top, self.edges[-1] - self.edges[0], row.height)
                stream.fill()
        stream.set_color_rgb(0.333, 0.333, 0.333, stroke=True)
        stream.set_line_width(0.5 * 96 / 72)
        for y in tops:
            stream.move_to(self.edges[0], y)
            stream.line_to(self.edges[-1], y)
        for x in self.edges:
            stream.move_to(x, tops[0])
            stream.line_to(x, tops[-1])
        stream.stroke()
        stream.set_color_rgb(0.067, 0.067, 0.067)
        stream.begin_text()
        for face, kinds in ((self.glyphs.regular, ("row",)), (self.glyphs.bold, ("head", "total"))):
            chosen = [(row, top) for row, top in zip(rows, tops, strict=False) if row.kind in kinds]
            if chosen:
                self._text(chosen, face, stream, fonts_named(document, face.name))
        stream.end_text()

    def _text(self, rows: list[tuple[_Row, float]], face: Face, stream: Any, fonts: list[Any]) -> None:
        used: set[str] = set()
        stream.set_font_size(fonts[0].hash, SIZE)
        for row, top in rows:
            for at, lines in enumerate(row.cells):
                align = "center" if row.kind == "head" else self.columns[at].align
                y = top + (row.height - len(lines) * LEADING) / 2 + (LEADING - SIZE) / 2 + ASCENT * SIZE
                for line in filter(None, lines):
                    x = self._start(at, align, self._width(line, face))
                    stream.set_text_matrix(1, 0, 0, -1, x, y)
                    stream.show_text("<" + "".join(f"{face.glyphs[c].id:04x}" for c in line) + ">")
                    used.update(line)
                    y += LEADING
        for font in fonts:
            for character in sorted(used):  # a set has another order in every process
                glyph = face.glyphs[character]
                font.to_unicode.setdefault(glyph.id, character)
                font.widths.setdefault(glyph.id, glyph.width)

    def _start(self, at: int, align: str, width: float) -> float:
        left, right = self.edges[at], self.edges[at + 1]
        if align == "left":
            return left + PAD_X
        return right - PAD_X - width if align == "right" else (left + right - width) / 2

    def _rows(self, table: Table) -> Iterator[_Row]:
        for row in table.rows:
            yield self._row(row, "row")
        yield self._row(table.total, "total")

    def _row(self, cells: Iterable[str], kind: str) -> _Row:
        face = self.glyphs.regular if kind == "row" else self.glyphs.bold
        texts = [plain(cell).translate(self.marks) for cell in cells]
        return _Row(tuple(self._wrapped(text, at, face) for at, text in enumerate(texts)), kind)

    def _wrapped(self, text: str, at: int, face: Face) -> tuple[str, ...]:
        """Broken where the column ends, as Chinese is, but not inside a number or a code that fits on a line.

        No line begins with what closes, nor ends with what opens (避头尾).
        """
        room = (self.edges[at + 1] - self.edges[at] - 2 * PAD_X) * 1000 / SIZE
        if sum(face.glyphs[c].width for c in text) <= room:
            return (text,)
        lines, start, width = [], 0, 0
        for position, character in enumerate(text):
            step = face.glyphs[character].width
            if width + step > room and position > start:
                end = position
                while end > start and _kept(text[end - 1], text[end]):
                    end -= 1
                end = end if end > start else position
                lines.append(text[start:end])
                start, width = end, sum(face.glyphs[c].width for c in text[end:position])
            width += step
        return (*lines, text[start:])

    @staticmethod
    def _width(line: str, face: Face) -> float:
        return sum(face.glyphs[c].width for c in line) * SIZE / 1000


def _kept(before: str, after: str) -> bool:
    """Must these two stay on one line?"""
    return (_joined(before) and _joined(after)) or before in OPENING or after in CLOSING


def _joined(character: str) -> bool:
    return character.isascii() and not character.isspace()


def _painter(paint: Any, pages: Pages, number: int, document: Any) -> Any:
    def painted(stream: Any, scale: float = 1) -> None:
        paint(stream, scale)
        with stream.stacked():
            stream.transform(a=scale, d=scale)
            pages.draw(number, stream, document)

    return painted
