"""A whole month walked by the demo accounts through the same services as the screens.

Every step looks at what is open and acts on it, so a month that somebody began by hand is taken up where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.accounts.domain.identity import COMMAND, IdentityProof
from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.alerts.models import Alert
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.attendance.selectors.calendar import required_days_default
from backend.apps.attendance.selectors.feed import missing_days
from backend.apps.reporting.models import ReportFile
from backend.apps.subsidy.models import MonthlyCycle, Snapshot, Statement, StatementDecision
from backend.common.errors import Conflict, DomainError, Forbidden, NotFound
from backend.common.service_month import ServiceMonth
from workflows.actions import COMPLETE, ActionPayload, RequiredDaysInput
from workflows.beside import alert_settle, correction_check, correction_propose, feed_settle
from workflows.locked import WITH_SUBJECT
from workflows.models import CycleRun, JobRun
from workflows.runner import run_pending
from workflows.selectors import TaskDetail, task_detail
from workflows.services import cycle_start, perform

OPEN: Final = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)
COUNTY_ONE, COUNTY_TWO, EVALUATOR = "county01", "county02", "leader01"
ALERT_REASON: Final = "演示: 县级人员已与机构核对, 情况属实但不影响本月补助"
FEED_REASON: Final = "演示: 已向机构核实设备故障, 没有书面签到可据"
RETURN_COMMENT: Final = "演示: 请核对考勤记录并说明"
RESUBMIT_COMMENT: Final = "演示: 已核对并更正, 重新提交"
CORRECTION_REASON: Final = "演示: 当日在园, 闸机未记录, 有签到表为证"
CHECK_REASON: Final = "演示: 已核对签到表"
NOT_COUNTED: Final = "aiou"  # letters of the day string: no punch, half a punch, not captured


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the month is: every member is a fact of the database."""

    cycle: MonthlyCycle
    snapshot: Snapshot | None
    reports: tuple[ReportFile, ...]
    done: bool


class DemoMonth:
    """`tell` gets one Chinese line per thing done."""

    def __init__(self, *, county_code: str, month: ServiceMonth, tell: Callable[[str], None]) -> None:
        self.county_code = county_code
        self.month = month
        self.tell = tell

    # --- where it stands --------------------------------------------------------------------------------
    def state(self) -> Walk | None:
        """None while nobody opened the month."""
        cycle = (
            MonthlyCycle.objects.select_related("county", "scheme")
            .filter(county_id=self.county_code, month=self.month)
            .first()
        )
        if cycle is None:
            return None
        snapshot = Snapshot.objects.filter(cycle=cycle).first()
        reports = (
            tuple(ReportFile.objects.filter(snapshot=snapshot, statement_number=0).order_by("kind"))
            if snapshot
            else ()
        )
        process = CycleRun.objects.select_related("process").get(cycle=cycle).process
        if process.status == PROCESS.CANCELED:
            raise Conflict("cycle_cancelled", f"{cycle.county.name} {self.month} 的月度周期已取消")
        return Walk(cycle, snapshot, reports, done=process.status == PROCESS.DONE)

    # --- the walk ---------------------------------------------------------------------------------------
    def walk(self) -> Walk:
        """From wherever the month stands to its report. Raises `DomainError` with what is in the way."""
        state = self.state()
        if state is None:
            required_days_default(month=self.month)  # an unknown year is refused before anything is opened
            self._open()
        while True:
            self._background()
            state = self.state()
            assert state is not None
            if state.done:
                return state
            if not self._people(state.cycle):
                raise Conflict(
                    "month_stuck", "没有演示账号能办理的任务, 也没有待运行的作业, 请在系统中查看流程位置"
                )

    def _open(self) -> None:
        actor = self._person(COUNTY_ONE)
        cycle_start(county_code=self.county_code, month=self.month, actor=actor)
        self.tell(f"{actor.display_name} 开启月度周期")

    def _background(self) -> None:
        summary = run_pending(until_idle=True)
        if summary.jobs:
            self.tell(f"后台作业完成 {summary.jobs.get('done', 0)} 项")
        failed = (
            JobRun.objects.filter(
                task__status=STATUS.ERROR, task__process__cycle_run__cycle__month=self.month
            )
            .filter(task__process__cycle_run__cycle__county_id=self.county_code)
            .select_related("task")
            .order_by("-id")
            .first()
        )
        if failed is not None and failed.task is not None:
            raise Conflict(
                "job_failed",
                f"后台作业“{failed.task.flow_task.task_title}”失败 ({failed.error_code or failed.error_class},"
                f" 事件号 {failed.incident}), 请排除原因后重启该作业",
            )

    def _people(self, cycle: MonthlyCycle) -> bool:
        """Settle what blocks, then do every open human task once; False when there was nothing to do."""
        settled = self._settle_alerts(cycle) + self._check_corrections(cycle) + self._settle_feed(cycle)
        self._return_one(cycle)
        counts: dict[str, int] = {}
        for task in self._open_tasks(cycle):
            title = self._do(task)
            counts[title] = counts.get(title, 0) + 1
        for title, count in counts.items():
            self.tell(f"{title}: {count} 项")
        return bool(settled or counts)

    def _open_tasks(self, cycle: MonthlyCycle) -> list[Task]:
        return list(
            Task.objects.filter(place__cycle=cycle, status__in=OPEN)
            .select_related(*WITH_SUBJECT)
            .order_by("id")
        )

    def _do(self, task: Task) -> str:
        """The first person who may decide it, does; returns what was done."""
        refusal: DomainError | None = None
        for actor in self._candidates(task):
            try:
                return self._decide(task, actor)
            except (Forbidden, NotFound) as error:  # not theirs: the next one may
                refusal = error
        who = f", 已由 {task.owner.display_name} 认领" if task.owner else ""
        why = f": {refusal.message}" if refusal else ""
        raise Conflict(
            "no_demo_actor", f"没有演示账号能办理“{task.flow_task.task_title}”(任务 {task.pk}{who}){why}"
        )

    def _decide(self, task: Task, actor: User) -> str:
        if task.flow_task.name == "set_attendance_days":
            payload = ActionPayload(
                decision="set",
                required_days=RequiredDaysInput(days=required_days_default(month=self.month)),
            )
            what = f"{actor.display_name} 设置应考勤天数"
        else:
            detail = task_detail(actor=actor, task_id=task.pk)
            payload = self._payload(task, detail)
            what = f"{task.flow_task.task_title} · {_DECISIONS[payload.decision]}"
        perform(task_id=task.pk, actor=actor, action=COMPLETE, payload=payload)
        return what

    def _payload(self, task: Task, detail: TaskDetail) -> ActionPayload:
        """Approve where the server says it is possible; what cannot be approved is excluded with its reason."""
        able = {found.action: found for found in detail.capabilities}
        clean = {"correct": "resubmitted", "evaluate": "evaluated"}.get(task.flow_task.name, "approved")
        if able[clean].allowed:
            comment = {"resubmitted": RESUBMIT_COMMENT, "evaluated": "同意评定"}.get(clean, "")
            proof = IdentityProof(COMMAND, timezone.now()) if clean == "evaluated" else None
            return ActionPayload(
                decision=clean, comment=comment, content_hash=detail.content_hash, identity=proof
            )
        excluded = able.get("excluded")
        if excluded is not None and excluded.allowed:
            return ActionPayload(
                decision="excluded",
                comment=f"演示: {able[clean].reason}"[:300],
                content_hash=detail.content_hash,
            )
        if able[clean].reason_code in ("not_your_region", "permission_denied", "duty_conflict"):
            raise Forbidden(able[clean].reason_code, able[clean].reason)
        raise Conflict(able[clean].reason_code, f"{task.flow_task.task_title}: {able[clean].reason}")

    # --- what stands in the way -------------------------------------------------------------------------
    def _settle_alerts(self, cycle: MonthlyCycle) -> int:
        if cycle.warned_at is None:
            return 0
        actor = self._person(COUNTY_TWO)
        alerts = Alert.objects.filter(
            county_id=cycle.county_id, month=cycle.month, state=Alert.State.OPEN, blocking=True
        )
        ids = list(alerts.order_by("id").values_list("pk", flat=True))
        for alert_id in ids:
            alert_settle(alert_id=alert_id, outcome="confirmed", reason=ALERT_REASON, actor=actor)
        if ids:
            self.tell(f"{actor.display_name} 处置预警 {len(ids)} 条")
        return len(ids)

    def _check_corrections(self, cycle: MonthlyCycle) -> int:
        """Corrections somebody proposed by hand before this run."""
        actor = self._person(COUNTY_TWO)
        pending = AttendanceCorrection.objects.filter(
            institution__county_id=cycle.county_id,
            date__range=(cycle.month.first_day, cycle.month.last_day),
            state=AttendanceCorrection.State.PROPOSED,
        ).order_by("id")
        ids = list(pending.values_list("pk", flat=True))
        for correction_id in ids:
            correction_check(
                correction_id=correction_id, decision="accepted", reason=CHECK_REASON, actor=actor
            )
        if ids:
            self.tell(f"{actor.display_name} 核定考勤更正 {len(ids)} 条")
        return len(ids)

    def _settle_feed(self, cycle: MonthlyCycle) -> int:
        """Days without data stay 未采集: nobody here has a sign-in sheet."""
        if cycle.warned_at is None:
            return 0
        actor = self._person(COUNTY_TWO)
        institutions = cycle.statements.filter(finished=False).values_list("institution_id", flat=True)
        missing = missing_days(month=cycle.month, institution_ids=list(institutions))
        ids = [day.feed_day_id for days in missing.values() for day in days if day.unsettled]
        for feed_day_id in sorted(ids):
            feed_settle(feed_day_id=feed_day_id, choice="not_captured", reason=FEED_REASON, actor=actor)
        if ids:
            self.tell(f"{actor.display_name} 处置未采集 {len(ids)} 天, 均确认未采集")
        return len(ids)

    def _return_one(self, cycle: MonthlyCycle) -> None:
        """Once a month, the first statement with a township goes back, is corrected and comes again."""
        if StatementDecision.objects.filter(
            statement__cycle=cycle, decision=StatementDecision.Decision.RETURNED
        ).exists():
            return
        for task in self._open_tasks(cycle):
            statement = task.place.statement
            if statement is None or task.flow_task.name != "review_township":
                continue
            operator = self._operators.get(statement.institution_id)
            reviewer = self._reviewers.get(statement.institution.township_id)
            if operator is None or reviewer is None or task.owner not in (None, reviewer):
                continue
            perform(
                task_id=task.pk,
                actor=reviewer,
                action=COMPLETE,
                payload=ActionPayload(
                    decision="returned",
                    comment=RETURN_COMMENT,
                    content_hash=task_detail(actor=reviewer, task_id=task.pk).content_hash,
                ),
            )
            self.tell(f"{reviewer.display_name} 退回 {statement.institution.name}")
            self._correct(statement, operator, reviewer)
            return

    def _correct(self, statement: Statement, operator: User, reviewer: User) -> None:
        """The operator asks for one missing day of one child who is paid in part to count; the township checks it."""
        for line in statement.lines.filter(amount__gt=0, factor__lt=1).order_by("child_id"):
            for number, letter in enumerate(line.derivation["d"], start=1):
                if letter not in NOT_COUNTED or line.child_id is None:
                    continue
                try:
                    correction = correction_propose(
                        child_id=line.child_id,
                        institution_id=statement.institution_id,
                        date=self.month.first_day.replace(day=number),
                        kind=AttendanceCorrection.Kind.PRESENT,
                        reason=CORRECTION_REASON,
                        actor=operator,
                    )
                except (Conflict, DomainError):
                    continue  # that day cannot be corrected; another one can
                correction_check(
                    correction_id=correction.pk, decision="accepted", reason=CHECK_REASON, actor=reviewer
                )
                self.tell(f"{operator.display_name} 更正一天考勤, {reviewer.display_name} 采纳, 结算单已重算")
                return

    # --- people -----------------------------------------------------------------------------------------
    def _candidates(self, task: Task) -> Iterator[User]:
        if task.owner is not None:  # claimed by hand before this run
            if task.owner.username in self._demo_usernames:
                yield self._person(task.owner.username)
            return
        node, statement = task.flow_task.name, task.place.statement
        if node == "evaluate":
            yield self._person(EVALUATOR)
        elif node == "review_township" and statement is not None:
            reviewer = self._reviewers.get(statement.institution.township_id)
            yield from [reviewer] if reviewer else [self._person(COUNTY_TWO), self._person(COUNTY_ONE)]
        elif node == "correct" and statement is not None:
            if statement.institution_id in self._operators:
                yield self._operators[statement.institution_id]
        else:
            yield from (self._person(COUNTY_ONE), self._person(COUNTY_TWO))

    def _person(self, username: str) -> User:
        if username not in self._people_by_name:
            found = User.objects.filter(username=username, is_active=True).first()
            if found is None:
                raise NotFound("demo_actor_missing", f"没有演示账号 {username}, 请先运行 manage.py demo_seed")
            self._people_by_name[username] = found
        return self._people_by_name[username]

    @cached_property
    def _people_by_name(self) -> dict[str, User]:
        return {}

    @cached_property
    def _assignments(self) -> list[RoleAssignment]:
        return list(
            RoleAssignment.objects.filter(
                role__in=[RoleCode.TOWNSHIP_REVIEWER.value, RoleCode.INSTITUTION_OPERATOR.value],
                user__is_active=True,
            )
            .select_related("user")
            .order_by("user__username")
        )

    @cached_property
    def _reviewers(self) -> dict[str | None, User]:
        """Demo reviewer of each township by code."""
        return {
            found.region_code: found.user
            for found in reversed(self._assignments)
            if found.role == RoleCode.TOWNSHIP_REVIEWER and found.user.username.startswith("town")
        }

    @cached_property
    def _operators(self) -> dict[int, User]:
        """Demo operator of each institution by id."""
        return {
            found.institution_id: found.user
            for found in reversed(self._assignments)
            if found.institution_id is not None and found.user.username.startswith("operator")
        }

    @cached_property
    def _demo_usernames(self) -> set[str]:
        people = [*self._reviewers.values(), *self._operators.values()]
        return {COUNTY_ONE, COUNTY_TWO, EVALUATOR, *(person.username for person in people)}


_DECISIONS: Final = {
    "approved": "通过",
    "excluded": "不纳入本月",
    "resubmitted": "重新提交",
    "evaluated": "评定",
}
