"""Long tables are drawn, not laid out: the same three-part check of text, fonts and printed shapes, and the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from backend.apps.reporting.services.glyphs import glyphs_of, plain
from backend.apps.reporting.services.printing import printed
from backend.apps.reporting.services.style import Annex, font_family, stylesheet
from backend.apps.reporting.services.tables import LEADING, MM, TOP, Pages, Table, TableColumn
from tests.apps.archive_rules import broken_rules
from tests.apps.papers import fonts_of, pages_of, run
from tests.apps.test_report_glyphs import FACES, SAMPLE, drawn, ink

DIGEST = "0123456789abcdef" * 4
COLUMNS = (TableColumn("行编码", 20), TableColumn("机构", 60, "center"), TableColumn("金额", 20, "right"))
DPI = 1200


def paper(table: Table) -> bytes:
    def html(pages: int, substituted: str) -> str:
        style = stylesheet(family=font_family(), digest=DIGEST)
        annex = '<section class="annex"><h2>附表</h2></section>' * pages
        return f'<html lang="zh-CN"><title>表</title><meta name=author content=测><style>{style}</style><p>前文{substituted}</p>{annex}'

    return printed(html, table=table, digest=DIGEST)


def laid_out(table: Table) -> Pages:
    return Pages(table, glyphs_of(table.texts(), family=font_family()), {})


def test_no_line_begins_with_what_closes_or_ends_with_what_opens() -> None:
    """A long name once put the closing bracket at the head of its next line (避头尾)."""
    name = (
        "嵊州市浙江省机关事务管理局直属机关第二幼儿园附设照护服务中心（城北分部）、（桥南分部）有限责任公司"
    )
    glyphs = glyphs_of([name, "机构"], family=font_family())
    for share in range(8, 60):
        columns = (TableColumn("机构", share), TableColumn("", 100 - share))
        (_, row, _) = Pages(Table(columns, [(name, "")], ("", "")), glyphs, {}).pages[0]
        lines = row.cells[0]
        assert "".join(lines) == name
        assert not any(line[0] in "）、" for line in lines[1:]), lines
        assert not any(line[-1] == "（" for line in lines[:-1]), lines


def test_characters_are_drawn_in_the_right_shape(tmp_path: Path) -> None:
    """One character a cell, regular in rows and bold in the total, each cut out of the printed page."""
    characters = [c for c in dict.fromkeys(SAMPLE) if c != "〓"]
    regular, bold = characters[:33], characters[-3:]
    columns = (
        TableColumn("一", 5),
        TableColumn("二", 5, "center"),
        TableColumn("三", 5, "right"),
        TableColumn("", 85),
    )
    rows = [(c, d, "", "") for c, d in zip(regular, reversed(characters), strict=False)]
    table = Table(columns, rows, (*bold, ""))
    pages = laid_out(table)
    assert pages.count == 1
    pdf = paper(table)
    path = tmp_path / "t.pdf"
    path.write_bytes(pdf)
    width = str(round(pages.edges[3] / 96 * DPI))
    asked = ("-r", str(DPI), "-W", width, "-gray", "-f", "2", "-singlefile")
    run("pdftoppm", *asked, str(path), str(tmp_path / "p"))
    wrong = []
    top = TOP
    with Image.open(tmp_path / "p.pgm") as page:
        for row in pages.pages[0]:
            for at, lines in enumerate(row.cells):
                if row.kind == "head" or not lines[0]:
                    continue
                box = (pages.edges[at] + 1, top + 1, pages.edges[at + 1] - 1, top + row.height - 1)
                cell = page.crop(tuple(round(edge / 96 * DPI) for edge in box))
                cell = cell.point(
                    [min(255, round(grey * 255 / 246)) for grey in range(256)]
                )  # the total is on grey
                collection = FACES["h1" if row.kind == "total" else "p"][0]
                difference = ImageChops.difference(ink(cell), drawn(lines[0], collection))
                if (distance := ImageStat.Stat(difference).mean[0]) > 15:
                    wrong.append((lines[0], round(distance, 1)))
            top += row.height
    assert wrong == []
    assert {name.split("+")[1] for name in fonts_of(pdf, tmp_path)} == {
        "Noto-Serif-CJK-SC",
        "Noto-Serif-CJK-SC-Bold",
    }
    assert broken_rules(pdf) == []


def test_text_heads_and_counts_of_a_long_table(tmp_path: Path) -> None:
    rows = [(f"330683-202610-{n:05d}", f"嵊州市第{n}托育中心", f"{n}.00") for n in range(1, 101)]
    table = Table(COLUMNS, rows, ("合计", "", "5,050.00"))
    pdf = paper(table)
    first, *annex = pages_of(pdf, tmp_path)
    assert "前文" in first
    assert len(annex) == laid_out(table).count == 3
    for number, page in enumerate(annex, start=2):
        assert page.startswith("附表行编码机构金额")
        assert f"第{number}页/共4页" in page
        assert DIGEST in page
    text = "".join(annex)
    positions = [text.index("".join(row)) for row in rows]
    assert positions == sorted(positions)
    assert "合计5,050.00" in annex[-1]
    assert paper(table) == pdf


def test_what_is_too_long_goes_on_below_and_the_row_grows(tmp_path: Path) -> None:
    long = "嵊州市剡湖街道小太阳婴幼儿照护服务中心" * 6
    table = Table(COLUMNS, [("1", "短", "1.00"), (long, "短", "2.00")], ("合计", "", "3.00"))
    pages = laid_out(table)
    _, short, grown, _ = pages.pages[0]
    assert "".join(grown.cells[0]) == long
    room = (pages.edges[1] - pages.edges[0] - 2 * MM) * 1000 / 10
    assert all(len(line) * 1000 <= room for line in grown.cells[0])
    assert grown.height - short.height == pytest.approx((len(grown.cells[0]) - 1) * LEADING)
    assert long in "".join(pages_of(paper(table), tmp_path)).replace("短2.00", "")


def test_a_row_longer_than_what_is_left_opens_the_next_page() -> None:
    rows = [("一" * 40, "", "")] * 40
    pages = laid_out(Table(COLUMNS, rows, ("", "", "")))
    room = (Annex.HEIGHT - Annex.TOP - Annex.HEAD - Annex.BOTTOM) * MM
    assert pages.count == 3
    assert all(sum(row.height for row in page) <= room for page in pages.pages)
    assert sum(len(page) for page in pages.pages) == 41 + pages.count


def test_characters_the_font_lacks_are_marked_and_named(tmp_path: Path) -> None:
    table = Table(COLUMNS, [("1", "备案😀失效\U000f1234", "1.00")], ("合计", "", "1.00"))
    pdf = paper(table)
    text = "".join(pages_of(pdf, tmp_path))
    assert "备案〓失效〓" in text
    assert "前文U+1F600、U+F1234" in text
    assert {name.split("+")[1] for name in fonts_of(pdf, tmp_path)} == {
        "Noto-Serif-CJK-SC",
        "Noto-Serif-CJK-SC-Bold",
    }


def test_characters_that_share_a_glyph_are_all_found() -> None:
    """The fonts draw some characters alike; each must be found, not only the first."""
    sharing = "⼀一⼆二"  # radicals and the characters they look like
    found = glyphs_of([sharing], family=font_family())
    assert found.strange == set()
    assert set(sharing) <= set(found.regular.glyphs)
    assert found.regular.glyphs["⼀"].id == found.regular.glyphs["一"].id


def test_what_cannot_be_seen_is_a_blank() -> None:
    assert plain("é\u200b\t一") == "é  一"
