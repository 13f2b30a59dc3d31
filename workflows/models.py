"""What the flows need beside Viewflow's own tables: proxies, links to domain rows, job runs, history.

Domain rows never know the engine; the links live here. Process models are proxies: a multi-table process
cannot be created in bulk.
"""

from django.conf import settings
from django.db import models
from viewflow.workflow.models import Process, Task

from backend.apps.institutions.models import Region
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.common.guards import Frozen

# Viewflow adds "manage" to these while it loads a flow; named here, migrations do not depend on load order.
_PERMISSIONS = ("view", "manage")


class CycleProcess(Process):
    """Process of `MonthlyCycleFlow`."""

    class Meta:
        proxy = True
        default_permissions = _PERMISSIONS


class StatementProcess(Process):
    """Process of `StatementReviewFlow`."""

    class Meta:
        proxy = True
        default_permissions = _PERMISSIONS


class FlowDefinition(models.Model):
    """流程定义存档: the graph a process started with, so that its diagram outlives changes of the code."""

    append_only = True

    flow_ref = models.CharField(max_length=120)  # app/flows.module.Class, as stored on every process
    hash = models.CharField(max_length=64)  # SHA-256 of `graph`
    graph = models.JSONField()  # nodes (name, title, kind, permission, …) and edges, in drawing order
    svg = models.TextField()  # without status; a status is a class on `<g id="node">`
    bpmn = models.TextField()
    source_hash = models.CharField(max_length=64)  # of the flow's module when this graph was first used
    released_at = models.DateTimeField()

    class Meta:
        db_table = "workflows_definition"
        constraints = [models.UniqueConstraint(fields=["flow_ref", "hash"], name="workflows_definition_key")]


class CycleRun(models.Model):
    """The process of a monthly cycle."""

    cycle = models.OneToOneField(MonthlyCycle, on_delete=models.PROTECT, related_name="run")
    process = models.OneToOneField(CycleProcess, on_delete=models.PROTECT, related_name="cycle_run")
    definition = models.ForeignKey(FlowDefinition, on_delete=models.PROTECT)

    class Meta:
        db_table = "workflows_cycle_run"


class StatementRun(models.Model):
    """The review process of a statement."""

    statement = models.OneToOneField(Statement, on_delete=models.PROTECT, related_name="run")
    process = models.OneToOneField(StatementProcess, on_delete=models.PROTECT, related_name="statement_run")
    definition = models.ForeignKey(FlowDefinition, on_delete=models.PROTECT)

    class Meta:
        db_table = "workflows_statement_run"


class StepDeadline(models.Model):
    """办理期限 of one step in one county, append-only: the newest row is in force, tasks keep the one they began with."""

    append_only = True

    county = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+", db_index=False)
    node = models.CharField(max_length=64)
    working_days = models.PositiveSmallIntegerField()  # the day of arrival not counted; 0: no deadline
    remind_days = models.PositiveSmallIntegerField(default=0)  # working days before; 0: no reminder
    escalate_days = models.PositiveSmallIntegerField(default=0)  # working days after; 0: nobody is told
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_by_name = models.CharField(max_length=64)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "workflows_step_deadline"
        indexes = [models.Index(fields=["county", "node", "id"], name="workflows_step_deadline_now")]


class TaskPlace(models.Model):
    """Which step, round and rows a human task is about. The unique key refuses a second task of one step and round.

    PROTECT keeps every human task, and so its owner, from being deleted: an approval outlives the account.
    """

    task = models.OneToOneField(Task, on_delete=models.PROTECT, related_name="place")
    process = models.ForeignKey(Process, on_delete=models.PROTECT, related_name="places", db_index=False)
    node = models.CharField(max_length=64)
    round = models.PositiveSmallIntegerField()
    cycle = models.ForeignKey(MonthlyCycle, on_delete=models.PROTECT, related_name="+")
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, null=True, related_name="+")
    # Fixed when the task begins, so that a later setting moves no due date. Without `due_on` beside a deadline the
    # calendar of that year is not out yet; `deadlines.dates_complete` fills it in then.
    deadline = models.ForeignKey(
        StepDeadline, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    due_on = models.DateField(null=True)
    remind_on = models.DateField(null=True)
    overdue_on = models.DateField(null=True)  # first working day after the due date
    escalate_on = models.DateField(null=True)
    next_notice_on = models.DateField(
        null=True
    )  # of the reminder, overdue note or escalation that comes next

    class Meta:
        db_table = "workflows_task_place"
        constraints = [
            models.UniqueConstraint(fields=["process", "node", "round"], name="workflows_task_place_key")
        ]
        indexes = [
            models.Index(fields=["next_notice_on"], name="workflows_task_place_notice"),
            models.Index(fields=["due_on", "deadline"], name="workflows_task_place_due"),
        ]


class JobRun(models.Model):
    """后台作业: the queue row of one job, of a flow's node or (without a task) of a `BackgroundJob`.

    A flow task's status says where it is; this row who works on it. `attempts` is the fencing number: only
    the attempt that took the lease last may finish the job.
    """

    task = models.OneToOneField(Task, on_delete=models.PROTECT, null=True, related_name="job_run")
    cycle = models.ForeignKey(MonthlyCycle, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    external_id = models.CharField(max_length=50, unique=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    handovers = models.PositiveSmallIntegerField(default=0)  # attempts that ended on purpose, to go on later
    not_before = models.DateTimeField()  # back-off after a failure
    enqueued_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)  # of the latest attempt
    finished_at = models.DateTimeField(null=True)  # done, failed for good, or cancelled
    cancelled_at = models.DateTimeField(null=True)  # then `finished_at` is the same moment
    cancelled_by_name = models.CharField(max_length=64, blank=True, default="")
    cancel_reason = models.CharField(max_length=300, blank=True, default="")
    progress = models.PositiveSmallIntegerField(default=0)  # per cent
    result = models.JSONField(default=dict)  # ids, counts and sums as text
    incident = models.CharField(max_length=64, blank=True, default="")
    error_class = models.CharField(max_length=120, blank=True, default="")
    error_code = models.CharField(
        max_length=64, blank=True, default=""
    )  # of a DomainError; never its message

    class Meta:
        db_table = "workflows_job_run"
        indexes = [models.Index(fields=["finished_at", "not_before"], name="workflows_job_run_due")]


class RunnerBeat(models.Model):
    """The last sign of life of each process that runs jobs; old ones are removed."""

    name = models.CharField(max_length=120, unique=True)  # kind, host, process id
    kind = models.CharField(max_length=16)  # poller, celery
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()

    class Meta:
        db_table = "workflows_runner_beat"


class BackgroundJob(models.Model):
    """A job beside the flows: many small acts on behalf of one person (批量通过 …); its queue row is `run`."""

    run = models.OneToOneField(JobRun, on_delete=models.PROTECT, related_name="background")
    kind = models.CharField(max_length=32)  # a `background.BackgroundKind`; stored, never renamed
    title = models.CharField(max_length=120)
    key = models.CharField(max_length=160, unique=True)  # person and idempotency key
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    arguments = models.JSONField(default=dict)  # ids and codes

    class Meta:
        db_table = "workflows_background"
        indexes = [models.Index(fields=["requested_by", "id"], name="workflows_background_person")]

    @property
    def cycle(self) -> MonthlyCycle:
        return self.run.cycle


class BackgroundItem(models.Model):
    """One act of a background job and how it ended; the first answer stays."""

    class State(models.TextChoices):
        PENDING = "pending", "待处理"
        DONE = "done", "成功"
        REFUSED = "refused", "未办成"
        CANCELLED = "cancelled", "已取消"

    job = models.ForeignKey(BackgroundJob, on_delete=models.PROTECT, related_name="items", db_index=False)
    position = models.PositiveIntegerField()
    target_id = models.BigIntegerField()
    arguments = models.JSONField(default=dict)  # ids, codes, hashes
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    code = models.CharField(max_length=64, blank=True, default="")  # of a refusal
    message = models.CharField(max_length=200, blank=True, default="")  # its Chinese sentence
    detail = models.JSONField(default=dict)  # ids, counts, codes
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "workflows_background_item"
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="workflows_item_position"),
            models.UniqueConstraint(fields=["job", "target_id"], name="workflows_item_target"),
        ]

    @property
    def key(self) -> str:
        """Names this act for ever, e.g. as the idempotency key of a decision."""
        return f"background:{self.job_id}:{self.target_id}"


class ProcessEvent(models.Model):
    """办理记录: what happened in a process, append-only. Names are text, so that history survives renaming."""

    append_only = True

    class Kind(models.TextChoices):
        STARTED = "started", "流程开始"
        CREATED = "created", "任务产生"
        OPENED = "opened", "打开"
        UNATTENDED = "unattended", "无合格办理人"
        CLAIMED = "claimed", "认领"
        RELEASED = "released", "退回待办"
        ASSIGNED = "assigned", "指派"
        REASSIGNED = "reassigned", "转办"
        CONSULTED = "consulted", "加签"
        CONSULT_CANCELLED = "consult_cancelled", "撤回加签"
        OPINION = "opinion", "答复意见"
        COPIED = "copied", "抄送"
        READ = "read", "已阅"
        REMINDED = "reminded", "催办"
        DECIDED = "decided", "办理"
        WITHDRAWN = "withdrawn", "撤回"
        REOPENED = "reopened", "重新审核"
        CANCELLED = "cancelled", "取消"
        JOB_DONE = "job_done", "作业完成"
        JOB_RETRIED = "job_retried", "作业重试"
        JOB_FAILED = "job_failed", "作业失败"
        JOB_CANCELLED = "job_cancelled", "作业取消"
        JOB_REVIVED = "job_revived", "作业重启"
        DUE_SOON = "due_soon", "临期提醒"
        OVERDUE = "overdue", "超期"
        ESCALATED = "escalated", "超期告知上级"
        JOINED = "joined", "全部审结"
        FINISHED = "finished", "流程结束"

    at = models.DateTimeField()
    kind = models.CharField(max_length=32, choices=Kind)
    process_id = models.BigIntegerField()
    task_id = models.BigIntegerField(null=True)
    cycle_id = models.BigIntegerField()
    statement_id = models.BigIntegerField(null=True)
    node = models.CharField(max_length=64, blank=True, default="")
    node_title = models.CharField(max_length=64, blank=True, default="")
    round = models.PositiveSmallIntegerField(default=1)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=64)
    principal_id = models.BigIntegerField(null=True)  # 委托: for whom the actor acted
    principal_name = models.CharField(max_length=64, blank=True, default="")
    duty = models.CharField(max_length=32, blank=True, default="")  # of a decided human step, see `duties`
    decision = models.CharField(max_length=16, blank=True, default="")
    comment = models.CharField(max_length=500, blank=True, default="")
    detail = models.JSONField(default=dict)  # ids, counts, incident

    class Meta:
        db_table = "workflows_event"
        indexes = [
            models.Index(fields=["process_id", "id"], name="workflows_event_process"),
            models.Index(fields=["statement_id", "id"], name="workflows_event_statement"),
            models.Index(fields=["cycle_id", "id"], name="workflows_event_cycle"),
            models.Index(fields=["actor_id", "cycle_id", "duty"], name="workflows_event_actor_duty"),
            models.Index(fields=["principal_id", "cycle_id", "duty"], name="workflows_event_for_duty"),
        ]


class TaskReading(models.Model):
    """看没看: one person's reading of one task, from the first opening to their decision, which closes it.

    `content_hash` is of the version shown last, empty where the step binds none. `seconds` on the page never exceed the wall time between `opened_at` and `seen_at`.
    """

    frozen = Frozen(old="OLD.closed_at IS NOT NULL")

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="readings")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    seconds = models.PositiveIntegerField(default=0)
    content_hash = models.CharField(max_length=64, blank=True, default="")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "workflows_reading"
        constraints = [models.UniqueConstraint(fields=["task", "actor"], name="workflows_reading_key")]


class ReadingItem(models.Model):
    """One thing opened while reading: a statement, an alert, a child, a photo pair of a child's day."""

    frozen = Frozen(
        old="EXISTS (SELECT 1 FROM workflows_reading WHERE id = OLD.reading_id AND closed_at IS NOT NULL)",
        new="EXISTS (SELECT 1 FROM workflows_reading WHERE id = NEW.reading_id AND closed_at IS NOT NULL)",
    )

    class Kind(models.TextChoices):
        STATEMENT = "statement", "结算单"
        ALERT = "alert", "预警"
        CHILD = "child", "婴幼儿"
        PHOTOS = "photos", "照片"

    reading = models.ForeignKey(TaskReading, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=16, choices=Kind)
    ref = models.CharField(max_length=40)  # row id; of photos: child id and day, 17/2026-10-09
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    seconds = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "workflows_reading_item"
        constraints = [
            models.UniqueConstraint(fields=["reading", "kind", "ref"], name="workflows_reading_item_key")
        ]


class ShownContent(models.Model):
    """批的是这一版: what stood behind a content hash somebody was shown, so that a refusal can say what changed.

    `body` is compressed (see `shown`), holds ids, codes, figures and hashes, never a name or a free text.
    """

    process = models.ForeignKey(Process, on_delete=models.PROTECT, related_name="+", db_index=False)
    cycle = models.ForeignKey(MonthlyCycle, on_delete=models.PROTECT, related_name="+")
    content_hash = models.CharField(max_length=64)
    body = models.BinaryField()
    shown_at = models.DateTimeField()

    class Meta:
        db_table = "workflows_shown"
        constraints = [
            models.UniqueConstraint(fields=["process", "content_hash"], name="workflows_shown_key")
        ]


class IdempotentAction(models.Model):
    """The first answer to an action that carried an idempotency key; the same key again returns it."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=128)
    request_hash = models.CharField(max_length=64)
    answer = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "workflows_action"
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="workflows_action_key")]


from workflows.models_people import Delegation as Delegation  # noqa: E402  # these two belong to this room as well
from workflows.models_people import Invitation as Invitation  # noqa: E402  # likewise
