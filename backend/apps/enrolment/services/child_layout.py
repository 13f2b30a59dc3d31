"""Columns of the children file: who, then where and since when. One row per enrolment."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial

from backend.apps.enrolment.domain import child_code
from backend.apps.enrolment.models import CareMode, Child
from backend.apps.institutions.models import ClassType
from backend.apps.institutions.services.staff_import import INSTITUTION_CODE, INSTITUTION_NAME, as_id_number
from backend.common.sheets import (
    CellInvalid,
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
from backend.common.sheets.cells import plain

SEXES = {label: value for value, label in Child.Sex.choices}
CLASS_TYPES = {label: value for value, label in ClassType.choices}
CARE_MODES = {
    **{label: value for value, label in CareMode.choices},
    "全日": CareMode.FULL_DAY.value,
    "半日": CareMode.HALF_DAY.value,
    "计时": CareMode.HOURLY.value,
}


def as_child_code(raw: Raw) -> str:
    """Cell function for 婴幼儿编号."""
    code = child_code.tidy(plain(raw))
    if not child_code.is_valid(code):
        raise CellInvalid("婴幼儿编号不正确, 请核对是否录错")
    return code


CHILD_LAYOUT = Layout(
    kind="children",
    title="婴幼儿与在托登记",
    columns=(
        Column(
            "code",
            "婴幼儿编号",
            as_child_code,
            note="系统编的 10 位编号; 新登记的婴幼儿不用填。没有证件号码时凭它匹配。",
        ),
        Column("name", "姓名", partial(as_text, longest=40), required=True, sample="示例", note="加密保存。"),
        Column(
            "id_number",
            "证件号码",
            as_id_number,
            wanted=True,
            sample="330683202406010029",
            note="18 位公民身份号码, 文本格式; 旧式 15 位会换成 18 位; 加密保存。",
        ),
        Column("sex", "性别", choice(SEXES), note="男 或 女; 有证件号码时可以不填。"),
        Column("birth_date", "出生日期", as_date, note="有证件号码时可以不填; 填了必须与证件号码一致。"),
        Column("local_registration", "本地户籍", yes_no, sample="是", note="是 或 否。"),
        Column("guardian_name", "监护人姓名", partial(as_text, longest=40), sample="示例", note="加密保存。"),
        Column("guardian_phone", "监护人电话", as_phone, sample="13800000000", note="加密保存。"),
        replace(INSTITUTION_NAME, sample="嵊州市示例托育中心"),
        replace(INSTITUTION_CODE, sample=""),
        Column(
            "class_type",
            "班型",
            choice(CLASS_TYPES),
            required=True,
            sample="托小班",
            note="乳儿班、托小班、托大班、混龄班之一。",
        ),
        Column(
            "care_mode",
            "托育模式",
            choice(CARE_MODES),
            required=True,
            sample="全日托",
            note="全日托、半日托、计时托之一。",
        ),
        Column(
            "starts_on",
            "入托日期",
            as_date,
            required=True,
            sample="2026-09-01",
            note="换班型或换托育模式: 先填原登记的离托日期, 再另起一行。",
        ),
        Column("ends_on", "离托日期", as_date, note="仍在托的留空; 当天仍算在托。"),
        Column("household_order", "孩次", partial(as_integer, least=1, most=12), sample="1"),
        Column(
            "monthly_fee",
            "月保育费",
            partial(as_decimal, places=2, least=Decimal(0), most=Decimal(100_000)),
            sample="1800.00",
            note="元, 最多两位小数。",
        ),
    ),
)
