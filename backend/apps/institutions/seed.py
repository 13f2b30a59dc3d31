"""Reference rows every installation has: the pilot county's regions and the Shaoxing grade ladder.

Codes are the statistics bureau's (统计用区划代码); the alias table maps the four that Tencent's list writes differently.
Used by the migration and by tests that empty tables.
"""

from __future__ import annotations

from typing import Any

REGIONS = [
    ("330000000000", "浙江省", "province", None),
    ("330600000000", "绍兴市", "city", "330000000000"),
    ("330683000000", "嵊州市", "county", "330600000000"),
    *(
        (code, name, "township", "330683000000")
        for code, name in [
            ("330683001000", "剡湖街道"),
            ("330683002000", "三江街道"),
            ("330683003000", "鹿山街道"),
            ("330683004000", "浦口街道"),
            ("330683100000", "甘霖镇"),
            ("330683101000", "长乐镇"),
            ("330683102000", "崇仁镇"),
            ("330683103000", "黄泽镇"),
            ("330683104000", "三界镇"),
            ("330683105000", "石璜镇"),
            ("330683106000", "谷来镇"),
            ("330683107000", "仙岩镇"),
            ("330683108000", "金庭镇"),
            ("330683110000", "下王镇"),
            ("330683200000", "贵门乡"),
        ]
    ),
]
ALIASES = [
    ("330683111000", "330683105000"),
    ("330683112000", "330683106000"),
    ("330683113000", "330683108000"),
    ("330683206000", "330683200000"),
]
# 绍兴市托育机构等级评定实施办法: 市级示范, 一级, 二级, 三级; most registered institutions have no grade.
GRADES = [
    ("city_model", "市级示范", 1),
    ("level_1", "一级", 2),
    ("level_2", "二级", 3),
    ("level_3", "三级", 4),
    ("ungraded", "未评级", 9),
]


def seed(apps: Any) -> None:
    region, alias, grade = (apps.get_model("institutions", m) for m in ("Region", "RegionAlias", "Grade"))
    for code, name, level, parent in REGIONS:
        region.objects.get_or_create(code=code, defaults={"name": name, "level": level, "parent_id": parent})
    for code, target in ALIASES:
        alias.objects.get_or_create(code=code, defaults={"region_id": target})
    for code, name, rank in GRADES:
        grade.objects.get_or_create(code=code, defaults={"name": name, "rank": rank})
