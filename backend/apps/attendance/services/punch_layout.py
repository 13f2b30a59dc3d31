"""Columns of the punch file, and cells that repeat thousands of times looked up instead of parsed again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from backend.apps.attendance.models import Punch
from backend.apps.enrolment.services.child_layout import CHILD_LAYOUT, as_child_code
from backend.apps.institutions.services.staff_import import INSTITUTION_CODE, INSTITUTION_NAME, as_id_number
from backend.common.sheets import CellInvalid, Column, Layout, Raw, as_datetime, as_text, choice

FIRST_YEAR = 2010  # a gate whose clock was reset says 1970 or 2000
_OFFSET = timedelta(hours=8)  # Asia/Shanghai, without summer time since 1991

DIRECTIONS = {
    **{label: value for value, label in Punch.Direction.choices},
    "入": "in",
    "进": "in",
    "入托": "in",
    "in": "in",
    "IN": "in",
    "出": "out",
    "离": "out",
    "离托": "out",
    "出园": "out",
    "out": "out",
    "OUT": "out",
}
SOURCES = {label: value for value, label in Punch.Source.choices} | {
    value: value for value in Punch.Source.values
}


def as_moment(raw: Raw) -> datetime:
    """Naive UTC of a cell in Asia/Shanghai (or with its own offset)."""
    moment: datetime | None = None
    if isinstance(raw, str) and len(raw) == 19 and raw[4] == raw[7] == "-" and raw[13] == raw[16] == ":":
        try:
            moment = (
                datetime.fromisoformat(raw) - _OFFSET
            )  # the usual form, ten times faster than the general way
        except ValueError:
            moment = None
    if moment is None:
        moment = as_datetime(raw).astimezone(UTC).replace(tzinfo=None)
    if moment.year < FIRST_YEAR:
        raise CellInvalid(f"时间早于 {FIRST_YEAR} 年, 请检查设备时钟")
    return moment


_child = {column.key: column for column in CHILD_LAYOUT.columns}

PUNCH_LAYOUT = Layout(
    kind="punches",
    title="打卡记录",
    columns=(
        replace(
            _child["code"],
            convert=as_child_code,
            sample="",
            note="婴幼儿编号和证件号码至少填一项; 建议用编号。",
        ),
        Column(
            "id_number",
            "证件号码",
            as_id_number,
            sample="330683202406010029",
            note="文本格式; 只用来匹配, 不随打卡保存。",
        ),
        replace(INSTITUTION_NAME, sample="嵊州市示例托育中心"),
        INSTITUTION_CODE,
        Column(
            "happened_at",
            "打卡时间",
            as_moment,
            required=True,
            sample="2026-10-09 08:15:30",
            note="北京时间; 也可以带时区, 如 2026-10-09T00:15:30Z。",
        ),
        Column("direction", "方向", choice(DIRECTIONS), required=True, sample="入园", note="入园 或 离园。"),
        Column(
            "source",
            "来源",
            choice(SOURCES),
            sample="人脸",
            note="闸机、人脸、点名、补录之一; 不填按 闸机。",
        ),
        Column("device", "设备", partial(as_text, longest=64), sample="GATE-01", note="设备编号。"),
        Column("arrived_at", "到达时间", as_moment, note="平台收到这条记录的时间; 不填按导入时间。"),
        Column("photo", "照片", partial(as_text, longest=200), note="已入库照片的相对路径。"),
        Column(
            "serial",
            "流水号",
            partial(as_text, longest=100),
            note="发送方自己的编号, 在本机构内唯一; 同一编号内容不同会报错。",
        ),
    ),
)
