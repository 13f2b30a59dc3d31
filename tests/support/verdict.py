"""What must hold of the rows after any run, however it was disturbed: of a test, a random schedule, a fault run."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal

from tests.support.id_numbers import id_numbers_in


def judge() -> list[str]:
    """Every broken invariant in one sentence; `judged` says how much there was to break."""
    return [*_effects(), *_money(), *_months(), *_duties(), *_privacy()]


def judged() -> str:
    """How many rows of each kind `judge` looks at, for a report: no fault among no rows proves nothing."""
    from backend.apps.subsidy.models import EntitlementLine, Evaluation, MonthlyCycle, StatementDecision
    from workflows.models import JobRun, ProcessEvent

    kinds = {
        "months": MonthlyCycle,
        "evaluations": Evaluation,
        "lines": EntitlementLine,
        "decisions": StatementDecision,
        "events": ProcessEvent,
        "jobs": JobRun,
    }
    return ", ".join(f"{model._default_manager.count():,} {name}" for name, model in kinds.items())


def _effects() -> list[str]:
    """One decision, one event, one next task; nothing decided without a trace and no trace without a decision."""
    from backend.apps.subsidy.models import Evaluation, StatementDecision
    from workflows.models import JobRun, ProcessEvent

    faults = []
    decided = ProcessEvent.objects.filter(kind="decided")
    by_task = Counter(decided.values_list("task_id", flat=True))
    faults += [f"task {task} was decided {count} times" for task, count in by_task.items() if count > 1]
    reviews = decided.filter(statement_id__isnull=False).count()
    decisions = StatementDecision.objects.count()
    if reviews != decisions:
        faults.append(f"{reviews} review events, {decisions} decisions")
    evaluated = decided.filter(node="evaluate").count()
    if evaluated != Evaluation.objects.count():
        faults.append(f"{evaluated} evaluation events, {Evaluation.objects.count()} evaluations")
    failed = JobRun.objects.exclude(incident="").filter(finished_at__isnull=False)
    faults += [f"job {run.pk} failed: {run.error_class} {run.error_code}" for run in failed]
    return faults


def _money() -> list[str]:
    """Lines add up to statements, nobody has two lines, statements add up to what was evaluated."""
    from django.db.models import Count, Sum

    from backend.apps.subsidy.models import EntitlementLine, Evaluation, Snapshot, SnapshotLine, Statement

    zero = Decimal("0.00")
    faults = []
    sums = dict(EntitlementLine.objects.values_list("statement_id").annotate(Sum("amount")))
    for pk, total in Statement.objects.values_list("pk", "total_amount"):
        if sums.get(pk, zero) != total:
            faults.append(f"statement {pk}: lines {sums.get(pk, zero)}, total {total}")
    twice = EntitlementLine.objects.filter(child__isnull=False).values("statement", "child")
    if twice.annotate(n=Count("id")).filter(n__gt=1).exists():
        faults.append("a child has two lines in one statement")
    approved = dict(
        Statement.objects.filter(outcome="approved").values_list("cycle_id").annotate(Sum("total_amount"))
    )
    faults += [
        f"cycle {row.cycle_id}: approved {approved.get(row.cycle_id, zero)}, evaluated {row.total_amount}"
        for row in Evaluation.objects.all()
        if approved.get(row.cycle_id, zero) != row.total_amount
    ]
    paid = SnapshotLine.objects.filter(
        statement__outcome="approved"
    )  # what is excluded is sealed as well, unpaid
    sealed = dict(paid.values_list("statement__snapshot_id").annotate(Sum("amount")))
    faults += [
        f"snapshot {row.pk}: lines {sealed.get(row.pk, zero)}, total {row.total_amount}"
        for row in Snapshot.objects.all()
        if sealed.get(row.pk, zero) != row.total_amount
    ]
    return faults


def _months() -> list[str]:
    """Evaluated means: every statement finished, one snapshot, its digest right, one report of each kind."""
    from backend.apps.subsidy.models import MonthlyCycle, Statement
    from backend.apps.subsidy.selectors.verification import snapshot_verify

    faults = []
    for cycle in MonthlyCycle.objects.all():
        if cycle.evaluated_at is None:
            continue
        if Statement.objects.filter(cycle=cycle, finished=False).exists():
            faults.append(f"{cycle.month} was evaluated with an open statement")
        if not hasattr(cycle, "snapshot"):
            faults.append(f"{cycle.month} has no snapshot")
            continue
        faults += [
            f"{cycle.month}: {found.key} {found.message}" for found in snapshot_verify(cycle.snapshot)[:3]
        ]
    return faults


def _duties() -> list[str]:
    """Nobody checked their own work."""
    from workflows.duties import INCOMPATIBLE, Within
    from workflows.models import ProcessEvent

    faults = []
    rows = ProcessEvent.objects.filter(kind="decided").values_list(
        "actor_id", "cycle_id", "statement_id", "duty"
    )
    did = {(actor, cycle, statement, duty) for actor, cycle, statement, duty in rows}
    in_cycle = {(actor, cycle, duty) for actor, cycle, _, duty in did}
    for pair in INCOMPATIBLE:
        for actor, cycle, statement, duty in did:
            if duty != pair.one.value:
                continue
            same = (
                (actor, cycle, statement, pair.other.value) in did
                if pair.within is Within.STATEMENT
                else (actor, cycle, pair.other.value) in in_cycle
            )
            if same:
                faults.append(f"person {actor}: {pair.one} and {pair.other} in cycle {cycle}")
    return faults


def _privacy() -> list[str]:
    """No ID number in what the engine keeps."""
    from viewflow.workflow.models import Process, Task

    from workflows.models import JobRun, ProcessEvent

    texts = [
        *(json.dumps(data) for data in Task.objects.values_list("data", flat=True) if data),
        *(json.dumps(data) for data in Process.objects.values_list("data", flat=True) if data),
        *(
            json.dumps(row)
            for row in JobRun.objects.values_list("result", "error_class", "error_code", "incident")
        ),
        *(json.dumps(row) for row in ProcessEvent.objects.values_list("comment", "detail")),
    ]
    return ["an 18-digit number in task data, a job or an event"] if any(map(id_numbers_in, texts)) else []
