"""Closed lists that belong to the HTTP edge, named once so that the generated client has one type for each."""

from django.db import models


class TaskBox(models.TextChoices):
    INBOX = "inbox", "待办"
    QUEUE = "queue", "待认领"
    DONE = "done", "已办"
    ASKED = "asked", "征求意见"
    COPIED = "copied", "抄送我"


class ColleaguePurpose(models.TextChoices):
    REASSIGN = "reassign", "转办"
    CONSULT = "consult", "加签"
    COPY = "copy", "抄送"


class BatchState(models.TextChoices):
    WAITING = "waiting", "排队中"
    RUNNING = "running", "办理中"
    DONE = "done", "已完成"


class DelegationState(models.TextChoices):
    SCHEDULED = "scheduled", "未开始"
    ACTIVE = "active", "生效中"
    ENDED = "ended", "已到期"
    REVOKED = "revoked", "已撤销"


class TaskStatus(models.TextChoices):
    OPEN = "open", "待认领"
    CLAIMED = "claimed", "办理中"
    DONE = "done", "已办结"
    CANCELLED = "cancelled", "已取消"


class FlowName(models.TextChoices):
    MONTHLY_CYCLE = "monthly_cycle", "月度周期"
    STATEMENT_REVIEW = "statement_review", "结算单审核"


class TaskNode(models.TextChoices):
    """Steps that people take."""

    SET_ATTENDANCE_DAYS = "set_attendance_days", "设置应考勤天数"
    EVALUATE = "evaluate", "评定"
    REVIEW_TOWNSHIP = "review_township", "乡镇街道初审"
    REVIEW_COUNTY = "review_county", "县级审核"
    CORRECT = "correct", "机构更正"


class DifferenceGroup(models.TextChoices):
    FIGURES = "figures", "合计"
    CHILD = "child", "婴幼儿"
    ALERT = "alert", "预警"
    CORRECTION = "correction", "考勤更正"
    FEED = "feed", "未采集"
    STATEMENT = "statement", "结算单"


class DifferenceFormat(models.TextChoices):
    MONEY = "money", "元"
    DAYS = "days", "天"
    TEXT = "text", "文字"


class PositionStatus(models.TextChoices):
    DONE = "done", "已完成"
    ACTIVE = "active", "进行中"
    WAITING = "waiting", "未开始"
    ERROR = "error", "出错"
    STOPPED = "stopped", "已停止"


class StatementState(models.TextChoices):
    OPEN = "open", "审核中"
    APPROVED = "approved", "已通过"
    EXCLUDED = "excluded", "不纳入"
    CANCELLED = "cancelled", "本月已取消"


class DayKind(models.TextChoices):
    WORKDAY = "workday", "工作日"
    MAKEUP = "makeup", "调休上班"
    HOLIDAY = "holiday", "节假日"
    WEEKEND = "weekend", "周末"


class DayStatus(models.TextChoices):
    COUNTED = "counted", "计入"
    NOT_COUNTED = "not_counted", "不计入"
    NOT_CAPTURED = "not_captured", "未采集"


class FeedCause(models.TextChoices):
    DEVICE_OFFLINE = "device_offline", "设备离线"
    FEED_NOT_SENT = "feed_not_sent", "设备在线而没有送数"
    UNKNOWN = "unknown", "原因不明"


class CorrectionDecision(models.TextChoices):
    ACCEPTED = "accepted", "采纳"
    REJECTED = "rejected", "不采纳"


class TemplateKind(models.TextChoices):
    INSTITUTIONS = "institutions", "托育机构"
    CHILDREN = "children", "婴幼儿"
    STAFF = "staff", "人员"
    PUNCHES = "punches", "打卡"
    LEAVES = "leaves", "请假"


class TemplateFormat(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "XLSX"


class TaskDecision(models.TextChoices):
    APPROVED = "approved", "通过"
    RETURNED = "returned", "退回"
    BACK_TO_TOWNSHIP = "back_to_township", "退回初审"
    EXCLUDED = "excluded", "不纳入本月"
    RESUBMITTED = "resubmitted", "重新提交"
    SET = "set", "确定应考勤天数"
    EVALUATED = "evaluated", "评定"


class CycleNode(models.TextChoices):
    START = "start", "开始"
    SET_ATTENDANCE_DAYS = "set_attendance_days", "设置应考勤天数"
    CALCULATE = "calculate", "测算"
    WARN = "warn", "智能预警"
    REVIEW_STATEMENTS = "review_statements", "结算单审核"
    EVALUATE = "evaluate", "评定"
    SNAPSHOT = "snapshot", "评定备份"
    REPORT = "report", "生成报告"
    END = "end", "结束"


class StayKind(models.TextChoices):
    TRANSFER = "transfer", "先后在不同机构"
    OVERLAP = "overlap", "时间交叉"


class DueState(models.TextChoices):
    NONE = "none", "未设期限"
    UNKNOWN = "unknown", "期限待定"
    LATER = "later", "未到期"
    SOON = "soon", "即将到期"
    OVERDUE = "overdue", "已超期"
    KEPT = "kept", "按期办结"
    MISSED = "missed", "超期办结"


class TaskOrder(models.TextChoices):
    OLDEST = "oldest", "先到先办"
    DUE = "due", "先到期先办"


class UsualOf(models.TextChoices):
    INSTITUTION = "institution", "本机构"
    COUNTY = "county", "全县"


class SealState(models.TextChoices):
    SOUND = "sound", "一致"
    DAMAGED = "damaged", "有异常"
    UNSAVED = "unsaved", "备份未齐"
    UNCHECKED = "unchecked", "尚未核验"


class JobState(models.TextChoices):
    WAITING = "waiting", "等待"
    RUNNING = "running", "进行中"
    RETRYING = "retrying", "等待重试"
    FAILED = "failed", "出错"
    CANCELLED = "cancelled", "已取消"
    DONE = "done", "完成"


class JobsStatus(models.TextChoices):
    OK = "ok", "正常"
    LATE = "late", "有作业无人处理"
    SILENT = "silent", "没有运行中的处理程序"


class JobKind(models.TextChoices):
    FLOW = "flow", "流程作业"
    BACKGROUND = "background", "批量作业"
