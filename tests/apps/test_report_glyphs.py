"""The three-part check of the report's paper: text, fonts, printed shapes; each alone misses a fault.

Text: lost characters. Fonts: a silent fallback or a Japanese face. Shapes: wrong glyphs under right text, as split
web fonts print them. It runs on the real stylesheet, so a font added there later is covered.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageStat
from weasyprint import HTML

from backend.apps.reporting.selectors.month import AlertRow, DutyRow, ReportMonth
from backend.apps.reporting.selectors.sealed_rows import InstitutionRow
from backend.apps.reporting.services.pdf import report_pdf
from backend.apps.reporting.services.style import font_family, stylesheet
from backend.apps.subsidy.models import Snapshot
from backend.common.service_month import ServiceMonth
from tests.apps.papers import fonts_of, pages_of, run, text_of

SAMPLE = "嵊州市卫生健康局剡湖街道2026年补助¥￥12,345.67喆堃昇曌镕㛃䶮𠮷〇𬭊𠅤〔〕（）：；、。〓壹贰叁肆伍陆柒捌玖拾佰仟万亿元角分整零"
FACES = {
    "p": ("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc", "-CJK-SC"),
    "h1": ("/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc", "-CJK-SC-Bold"),
}
SC = 2  # the simplified Chinese face of these collections
# Only the size of page and type changes, and the page margins are cleared; family and weight stay the stylesheet's.
BIG = (
    "@page{size:60pt;margin:10pt;@bottom-left{content:none}@bottom-right{content:none}}"
    "p,h1{font-size:30pt;line-height:1.2;margin:0;text-align:left;break-after:page}"
)
DIGEST = "0123456789abcdef" * 4


def ink(image: Image.Image) -> Image.Image:
    """Crop to the dark pixels and scale, so that only the shape counts."""
    image = image.convert("L")
    return image.crop(ImageChops.invert(image).getbbox()).resize((48, 48))


def drawn(character: str, collection: str) -> Image.Image:
    image = Image.new("L", (300, 300), 255)
    font = ImageFont.truetype(collection, 125, index=SC)
    ImageDraw.Draw(image).text((60, 60), character, font=font, fill=0)
    return ink(image)


def distance(page: Path, character: str, collection: str) -> float:
    with Image.open(page) as printed:
        difference = ImageChops.difference(ink(printed), drawn(character, collection))
    return float(ImageStat.Stat(difference).mean[0])


@pytest.mark.parametrize("element", ["p", "h1"])
def test_printed_characters(element: str, tmp_path: Path) -> None:
    collection, suffix = FACES[element]
    characters = list(dict.fromkeys(SAMPLE))
    style = stylesheet(family=font_family(), digest=DIGEST) + BIG
    body = "".join(f"<{element}>{character}</{element}>" for character in characters)
    pdf = tmp_path / "t.pdf"
    HTML(string=f'<html lang="zh-CN"><style>{style}</style>{body}').write_pdf(pdf)
    assert "".join(run("pdftotext", str(pdf), "-").split()) == "".join(characters)
    fonts = fonts_of(pdf.read_bytes(), tmp_path)
    assert fonts
    assert all(name.endswith(suffix) for name in fonts), fonts
    run("pdftoppm", "-r", "300", "-gray", str(pdf), str(tmp_path / "p"))
    pages = sorted(tmp_path.glob("p-*.pgm"))
    assert len(pages) == len(characters)
    wrong = [
        (character, round(distance(page, character, collection), 1))
        for character, page in zip(characters, pages, strict=True)
        if distance(page, character, collection) > 15
    ]
    assert wrong == []


def test_the_check_notices_another_face(tmp_path: Path) -> None:
    """The sans face has the right characters in the wrong shape; a blind check would pass it."""
    pdf = tmp_path / "t.pdf"
    HTML(
        string=f'<html lang="zh-CN"><style>{BIG}p{{font-family:"Noto Sans CJK SC"}}</style><p>剡</p>'
    ).write_pdf(pdf)
    run("pdftoppm", "-r", "300", "-gray", "-singlefile", str(pdf), str(tmp_path / "p"))
    assert distance(tmp_path / "p.pgm", "剡", FACES["p"][0]) > 15


def month(institutions: int) -> ReportMonth:
    at = datetime(2026, 11, 3, 1, 30, tzinfo=UTC)
    snapshot = Snapshot(
        county_code="330683000000",
        county_name="嵊州市",
        month=ServiceMonth(2026, 10),
        total_amount=Decimal("98765.43") * institutions,
        digest=DIGEST,
        header={
            "scheme": {
                "name": "考勤补助方案",
                "version": 1,
                "document_number": "嵊卫发〔2026〕12号",
                "definition": {},
            },
            "required_days": {"county": {"days": 18}, "overrides": []},
            "evaluation": {"by": "赵评定", "at": at.isoformat(), "comment": ""},
            "breaches": [],
        },
    )
    row = InstitutionRow(
        number=1,
        name="嵊州市剡湖街道小太阳婴幼儿照护服务中心(城中分园)",
        township="剡湖街道",
        grade="市级示范",
        required_days=18,
        children=120,
        paid=118,
        places=0,
        amount=Decimal("98765.43"),
        payees={},
        first_row=1,
        last_row=120,
        reason="",
    )
    return ReportMonth(
        snapshot=snapshot,
        approved=tuple(replace(row, number=number) for number in range(1, institutions + 1)),
        excluded=(),
        duties=(DutyRow("评定", "赵评定", 1, at, at),),
        alerts=(AlertRow("考勤人数异常", 0, 0, 0, 0, 0, 0),),
        passed=(),
        overrides=(),
    )


def test_a_long_table_repeats_its_head_and_counts_its_pages(tmp_path: Path) -> None:
    pdf = report_pdf(month(100), [], detail_name="明细表.xlsx")
    pages = pages_of(pdf, tmp_path)
    head = "序号机构乡镇街道等级在托人数应补人次补助金额（元）明细行号"
    with_rows = [page for page in pages if "小太阳" in page]
    assert len(with_rows) >= 4
    assert all(head in page for page in with_rows)
    for number, page in enumerate(pages, start=1):
        assert f"第{number}页/共{len(pages)}页" in page
        assert DIGEST in page
    text = text_of(pdf, tmp_path)
    assert text.count("小太阳") == 100
    assert "合计12000118009,876,543.00" in text.replace("，", ",")
    assert "合计（大写）玖佰捌拾柒万陆仟伍佰肆拾叁元整" in text
    assert "本月没有不纳入的机构。" in text


def test_a_month_without_institutions_still_prints(tmp_path: Path) -> None:
    text = text_of(report_pdf(month(0), [], detail_name="明细表.xlsx"), tmp_path)
    assert "本月没有核定通过的机构" in text
    assert "人民币（大写）：零元整" in text


def test_the_same_month_prints_the_same_bytes(tmp_path: Path) -> None:
    once, twice = (report_pdf(month(3), [], detail_name="明细表.xlsx") for _ in range(2))
    assert once == twice
    path = tmp_path / "t.pdf"
    path.write_bytes(once)
    dates = [line for line in run("pdfinfo", "-isodates", str(path)).splitlines() if "Date" in line]
    assert [line.split()[1] for line in dates] == [
        "2026-11-03T09:30:00+08"
    ] * 2  # the evaluation's, never today's
