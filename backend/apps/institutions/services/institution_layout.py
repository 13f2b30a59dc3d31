"""Columns of the institution file: those of the national register first, the county's own facts behind them."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from backend.apps.institutions.domain import credit_code
from backend.apps.institutions.models import CareMode, ClassType, Institution
from backend.common.sheets import (
    Column,
    Layout,
    Raw,
    as_date,
    as_decimal,
    as_integer,
    as_phone,
    as_text,
    choice,
    yes_no,
)
from backend.common.sheets.cells import as_identifier, as_short_code

LEGAL_FORMS = {
    "事业单位": Institution.LegalForm.PUBLIC.value,
    "非营利性": Institution.LegalForm.NONPROFIT.value,
    "非营利": Institution.LegalForm.NONPROFIT.value,
    "营利性": Institution.LegalForm.FOR_PROFIT.value,
    "营利": Institution.LegalForm.FOR_PROFIT.value,
}
SETTINGS = {label: value for value, label in Institution.Setting.choices}
_longitude = partial(as_decimal, places=6, least=Decimal(-180), most=Decimal(180))
_latitude = partial(as_decimal, places=6, least=Decimal(-90), most=Decimal(90))
_fee = partial(as_decimal, places=2, least=Decimal("0.01"), most=Decimal(100_000))
_count = partial(as_integer, most=5_000)


def _credit_code(raw: Raw) -> str:
    return credit_code.tidy(as_identifier(raw, what="统一社会信用代码"))


NAME = Column(
    "name",
    "机构名称",
    partial(as_text, longest=120),
    required=True,
    sample="嵊州市示例托育中心",
    note="与备案名称一致; 园区、分园要写在名称里。",
)
CREDIT_CODE = Column(
    "credit_code",
    "统一社会信用代码",
    _credit_code,
    wanted=True,
    sample="52330683MA4JURQ20M",
    note="18 位, 文本格式; 几个园区可以相同; 没有时填“无”。",
)


def _places(class_type: ClassType) -> tuple[Column, Column]:
    return (
        Column(f"places_{class_type.value}", f"托位数({class_type.label})", _count, note="核定托位数。"),
        Column(
            f"affordable_{class_type.value}",
            f"普惠托位数({class_type.label})",
            _count,
            note="其中普惠托位数。",
        ),
    )


INSTITUTION_LAYOUT = Layout(
    kind="institutions",
    title="托育机构",
    columns=(
        NAME,
        Column(
            "alias", "别名", partial(as_text, longest=120), note="打卡设备或其他名单使用的名称, 可用来匹配。"
        ),
        CREDIT_CODE,
        Column(
            "legal_form",
            "机构类型",
            choice(LEGAL_FORMS),
            wanted=True,
            sample="非营利性",
            note="事业单位、非营利性、营利性之一; 新机构必填, 按所填保存。",
        ),
        Column(
            "address", "详细地址", as_text, wanted=True, sample="嵊州市三江街道示例路1号", note="新机构必填。"
        ),
        Column(
            "filed_on",
            "备案及完成时间",
            partial(as_date, drop_time=True),
            sample="2026-01-01",
            note="只保存日期, 时刻不保存。",
            other_names=("备案日期",),
        ),
        Column(
            "region_code",
            "区域编号",
            partial(as_short_code, what="区域编号"),
            wanted=True,
            sample="330683002000",
            note="乡镇街道的 12 位统计用区划代码; 只有县(市、区)代码的, 乡镇街道留待补充。",
        ),
        Column(
            "setting",
            "举办形式",
            choice(SETTINGS),
            note="独立托育机构 或 幼儿园托育部; 新机构不填时按名称判断并保存。",
        ),
        Column("closed_on", "停办日期", as_date, note="停止托育服务的日期。"),
        Column(
            "longitude_wgs84", "经度(WGS84)", _longitude, note="WGS84(CGCS2000)坐标, 不是高德或百度坐标。"
        ),
        Column("latitude_wgs84", "纬度(WGS84)", _latitude, note="同上。"),
        Column("contact_name", "联系人", partial(as_text, longest=40), note="加密保存。"),
        Column("contact_phone", "联系电话", as_phone, note="加密保存。"),
        Column(
            "grade", "等级", partial(as_text, longest=32), note="市级示范、一级、二级、三级、未评级之一。"
        ),
        Column("grade_from", "等级起始日期", as_date, note="填了等级就要填。"),
        Column("grade_document", "等级文号", partial(as_text, longest=64)),
        Column("affordable", "普惠", yes_no, note="是 或 否。"),
        Column("affordable_from", "普惠起始日期", as_date, note="填了普惠就要填。"),
        Column("affordable_document", "普惠文号", partial(as_text, longest=64)),
        *(column for class_type in ClassType for column in _places(class_type)),
        Column("places_from", "托位起始日期", as_date, note="填了托位数就要填。"),
        *(
            Column(
                f"fee_{care_mode.value}",
                f"月保育费({care_mode.label})",
                _fee,
                note="元, 最多两位小数; 婴幼儿登记里没有填月保育费时用它。",
            )
            for care_mode in CareMode
        ),
        Column("fee_from", "收费起始日期", as_date, note="填了月保育费就要填。"),
        Column("fee_document", "收费文号", partial(as_text, longest=64)),
    ),
)
