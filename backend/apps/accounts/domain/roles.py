"""Roles and what each may do. Where (which rows) comes from the assignment; when (which step) from the workflow."""

from __future__ import annotations

from enum import StrEnum


class RoleCode(StrEnum):
    INSTITUTION_OPERATOR = "institution_operator"
    TOWNSHIP_REVIEWER = "township_reviewer"
    COUNTY_REVIEWER = "county_reviewer"
    EVALUATOR = "evaluator"
    AUDITOR = "auditor"
    LEADER = "leader"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"

    @property
    def title(self) -> str:  # type: ignore[override]  # the role's Chinese title, never str.title()
        return TITLES[self]

    @property
    def permissions(self) -> frozenset[str]:
        return PERMISSIONS[self]


TITLES = {
    RoleCode.INSTITUTION_OPERATOR: "机构填报员",
    RoleCode.TOWNSHIP_REVIEWER: "乡镇街道初审",
    RoleCode.COUNTY_REVIEWER: "县级审核",
    RoleCode.EVALUATOR: "评定人",
    RoleCode.AUDITOR: "财务与审计(只读)",
    RoleCode.LEADER: "领导(只读)",
    RoleCode.SYSTEM_ADMIN: "系统管理员",
    RoleCode.SECURITY_ADMIN: "安全管理员",
    RoleCode.AUDIT_ADMIN: "审计管理员",
}

_READ = frozenset(
    {
        "subsidy.view_cycle",
        "subsidy.view_statement",
        "subsidy.view_scheme",
        "alerts.view_alert",
        "attendance.view_leave",
    }
)
_SEALS = frozenset({"seals.view_seal"})  # who is told when a sealed month was tampered with can look at it
_REPORTS = frozenset({"reporting.view_report"}) | _SEALS

PERMISSIONS: dict[RoleCode, frozenset[str]] = {
    RoleCode.INSTITUTION_OPERATOR: frozenset(
        {
            "subsidy.view_statement",
            "subsidy.correct_statement",
            "attendance.propose_correction",
            "attendance.record_leave",
            "attendance.view_leave",
            "alerts.view_alert",
        }
    ),
    RoleCode.TOWNSHIP_REVIEWER: _READ
    | {
        "subsidy.review_township",
        "attendance.check_correction",
        "attendance.settle_feed",
        "alerts.settle_alert",
        "enrolment.reveal_child",
        "subsidy.remind_task",
    },
    RoleCode.COUNTY_REVIEWER: _READ
    | _REPORTS
    | {
        "subsidy.open_cycle",
        "subsidy.set_attendance_days",
        "workflows.set_deadline",
        "subsidy.review_township",  # only for institutions whose township is still unknown; the flow decides
        "subsidy.review_county",
        "subsidy.exclude_statement",
        "subsidy.reopen_statement",
        "subsidy.cancel_cycle",
        "subsidy.reassign_task",
        "subsidy.remind_task",
        "subsidy.edit_scheme",
        "subsidy.release_scheme",  # never of a scheme the same person drafted or edited; the service decides
        "attendance.check_correction",
        "attendance.settle_feed",
        "alerts.settle_alert",
        "alerts.override_alert",  # lets a statement pass over an open blocking alert, with a reason in the report
        "alerts.set_rules",  # thresholds and parameters of the county's rules
        "enrolment.reveal_child",
    },
    RoleCode.EVALUATOR: _READ
    | _REPORTS
    | {
        "subsidy.evaluate_cycle",
        "subsidy.release_scheme",
        "subsidy.reassign_task",
        "subsidy.remind_task",
        "enrolment.reveal_child",
    },
    RoleCode.AUDITOR: _READ | _REPORTS,
    RoleCode.LEADER: _READ | _REPORTS,
    RoleCode.SYSTEM_ADMIN: _SEALS | {"jobs.operate", "accounts.manage_users"},
    RoleCode.SECURITY_ADMIN: _SEALS | {"accounts.manage_policies"},
    RoleCode.AUDIT_ADMIN: _SEALS | {"audit.view_events"},
}
