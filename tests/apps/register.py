"""A small invented register with every trap of the real one."""

from __future__ import annotations

HEADER = ["机构名称", "别名", "统一社会信用代码", "机构类型", "详细地址", "备案及完成时间", "区域编号"]
SHARED = "12330683MAEKB84591"  # one legal entity, two campuses
BAMBOO, CLOUD, WREN, LILY = (
    "52330683MAUM0AGE5W",
    "91330683MAWK2AHXXU",
    "12330683MAKN1PC55P",
    "52330683MANYEYPD4M",
)


def _row(name: str, code: str, form: str, place: str, filed: str, region: str) -> list[str]:
    return [name, name, code, form, f"浙江省绍兴市嵊州市{place}", filed, region]


ROWS = [
    _row("嵊州市纸鸢幼儿园东园区托育部", SHARED, "事业单位", "三江街道嵊州市三江街道新芽路1号", "2022-02-28 00:00:00", "330683002000"),
    _row("嵊州市纸鸢幼儿园西园区托育部", SHARED, "非营利性", "鹿山街道嵊州市鹿山街道新芽路2号", "2022-03-01 00:00:00", "330683003000"),
    _row("嵊州市青竹托育中心", BAMBOO, "非营利性", "三江街道嵊州市三江街道", "2024-12-24 00:00:00", "330683002000"),
    _row("绍兴市云朵托育服务有限公司", CLOUD, "营利性", "三江街道江晓社区晨露街3号", "2021-04-13 09:14:37", "330683002000"),
    _row("嵊州市石璜镇幼托中心", WREN, "事业单位", "石璜镇石璜村4号", "2022-03-23", "330683111000"),  # the other list's code
    _row("嵊州市浦口街道中心幼儿园托育部", "无", "事业单位", "嵊州市浦口街道育苗路5号", "2025-09-22 00:00:00", "330683000000"),
    _row("嵊州市百合托育园", LILY[:-1] + "N", "非营利性", "剡湖街道育苗路6号", "2023-01-11 00:00:00", "330683001000\r"),
]  # fmt: skip  # one institution a line


def register(*changed: list[str]) -> list[list[str]]:
    return [HEADER, *(changed or ROWS)]
