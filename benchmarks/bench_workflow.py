"""The flows: opening reviews in bulk, what one decision costs against a bare state machine, task lists of any length.

    python benchmarks/bench_workflow.py                                   # SQLite in a temporary file
    python tools/services.py --postgres -- python benchmarks/bench_workflow.py

The database must be empty: it is migrated and filled here. `--institutions`, `--decisions` and `--tasks` scale it,
`--json FILE` keeps the figures, `--explain` prints how the database finds a page of the longest list.

The bare state machine is what one would write without an engine: lock the row, compare the stage, ask the same
permission, scope and duties, compare the content, write the same domain rows, history and outbox, set the next stage.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")

TARGET_OPENING_SECONDS = 20.0  # for 10,000
TARGET_DECISION_RATIO = 4.0
TARGET_LIST_QUERIES = 10
COUNTY = "330683000000"
TOWNSHIP = "330683002000"


def peak_megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def measured(figures: dict[str, Any], name: str):  # type: ignore[no-untyped-def]  # a benchmark
    cpu, start = time.process_time(), time.perf_counter()
    yield
    figures[name] = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}


# --- a month without children ---------------------------------------------------------------------------
class World:
    """One county, one month whose reviews are about to be opened, everybody who decides."""

    def __init__(self) -> None:
        from backend.apps.institutions.models import Region
        from backend.apps.institutions.seed import seed
        from backend.apps.subsidy.domain.demo_scheme import DEFINITION
        from backend.common.service_month import ServiceMonth
        from benchmarks.county_month import AMOUNTS
        from tests.factories import make_scheme, make_user
        from workflows.actions import ActionPayload, RequiredDaysInput
        from workflows.jobs import run_job
        from workflows.models import JobRun
        from workflows.services import cycle_start, perform

        if not Region.objects.filter(code=COUNTY).exists():
            from django.apps import apps

            seed(apps)
        county = Region.objects.get(code=COUNTY)
        assert AMOUNTS
        make_scheme(county, definition=DEFINITION)
        self.county_one = make_user("county_reviewer", region_code=COUNTY, username="bench_county1")
        self.county_two = make_user("county_reviewer", region_code=COUNTY, username="bench_county2")
        self.town = make_user("township_reviewer", region_code=TOWNSHIP, username="bench_town")
        self.cycle = cycle_start(county_code=COUNTY, month=ServiceMonth(2026, 10), actor=self.county_one)
        days = ActionPayload(decision="set", required_days=RequiredDaysInput(days=17, reason="基准测试"))
        perform(
            task_id=self.open("set_attendance_days"), actor=self.county_one, action="complete", payload=days
        )
        for _ in ("calculate", "warn"):
            run = JobRun.objects.get(finished_at__isnull=True)
            run_job(task_id=run.task_id, external_id=run.external_id)

    def open(self, node: str) -> int:
        from viewflow.workflow.models import Task

        return int(Task.objects.filter(place__cycle=self.cycle, place__node=node).latest("id").pk)

    def statements(self, count: int, *, prefix: str, township: str | None) -> None:
        """Institutions and their statements, in bulk."""
        from django.utils import timezone

        from backend.apps.institutions.models import Institution
        from backend.apps.subsidy.models import Statement

        now = timezone.now()
        places = Institution.objects.bulk_create(
            (
                Institution(
                    name=f"{prefix}{number:06}托育中心",
                    credit_code="",
                    county_id=COUNTY,
                    township_id=township,
                    legal_form=Institution.LegalForm.values[0],
                )
                for number in range(count)
            ),
            batch_size=1_000,
        )
        Statement.objects.bulk_create(
            (
                Statement(
                    cycle=self.cycle,
                    institution=place,
                    grade_id="level_1",
                    required_days=17,
                    calculated_at=now,
                )
                for place in places
            ),
            batch_size=1_000,
        )


# --- opening --------------------------------------------------------------------------------------------
def opening(world: World, count: int, figures: dict[str, Any]) -> None:
    from backend.apps.subsidy.models import Statement
    from workflows.jobs import run_job
    from workflows.leases import Outcome
    from workflows.models import JobRun, StatementRun

    with measured(figures, "floor_opening"):  # the rows themselves: institutions and statements, in bulk
        world.statements(count, prefix="甲", township=TOWNSHIP)
    run = JobRun.objects.get(finished_at__isnull=True)
    before = peak_megabytes()
    with measured(figures, "opening"):
        outcome = run_job(task_id=run.task_id, external_id=run.external_id)
    figures["opening"]["megabytes"] = peak_megabytes() - before
    figures["opening"]["reviews"] = StatementRun.objects.count()
    if outcome is not Outcome.DONE or StatementRun.objects.count() != Statement.objects.count() != 0:
        sys.exit(f"opening went wrong: {outcome}")


# --- decisions ------------------------------------------------------------------------------------------
def decisions(world: World, count: int, figures: dict[str, Any]) -> None:
    """First steps (township approves), the engine's and the bare machine's one after the other."""
    from django.db import connection
    from viewflow.workflow.models import Task

    from backend.apps.accounts.models import User
    from workflows.actions import ActionPayload
    from workflows.models import StatementRun
    from workflows.selectors import task_case
    from workflows.services import perform

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_stage (statement_id BIGINT PRIMARY KEY, stage VARCHAR(32) NOT NULL, owner_id BIGINT)"
        )
        cursor.execute(
            "INSERT INTO bench_stage SELECT id, 'review_township', NULL FROM subsidy_statement WHERE NOT finished"
        )
    tasks = list(
        Task.objects.filter(place__cycle=world.cycle, place__node="review_township", status="NEW")
        .order_by("id")
        .values_list("pk", "place__statement_id")[: 2 * count]
    )
    if len(tasks) < 2 * count:
        sys.exit("not enough statements for so many decisions")
    totals = {"engine": [0.0, 0.0], "bare": [0.0, 0.0]}

    def timed(name: str, act: Callable[[], object]) -> None:
        cpu, start = time.process_time(), time.perf_counter()
        act()
        totals[name][0] += time.perf_counter() - start
        totals[name][1] += time.process_time() - cpu

    def person() -> User:
        return User.objects.get(pk=world.town.pk)

    for (task_id, _), (bare_task, statement_id) in zip(tasks[::2], tasks[1::2], strict=True):
        seen = task_case(actor=person(), task_id=task_id).content_hash
        payload = ActionPayload(decision="approved", content_hash=seen)
        actor = person()
        timed("engine", lambda: perform(task_id=task_id, actor=actor, action="complete", payload=payload))  # noqa: B023  # called at once
        seen = task_case(actor=person(), task_id=bare_task).content_hash
        actor = person()
        process_id = StatementRun.objects.values_list("process_id", flat=True).get(statement_id=statement_id)
        timed("bare", lambda: bare_decision(statement_id, process_id, bare_task, actor, seen))  # noqa: B023  # called at once
    figures["decision"] = {
        name: {"milliseconds": 1000 * wall / count, "cpu_milliseconds": 1000 * cpu / count}
        for name, (wall, cpu) in totals.items()
    }
    figures["decision"]["cpu_ratio"] = totals["engine"][1] / totals["bare"][1]
    figures["decision"]["wall_ratio"] = totals["engine"][0] / totals["bare"][0]


def bare_decision(statement_id: int, process_id: int, task_id: int, actor: Any, seen: str) -> None:
    """A state machine by hand: the same questions, the same domain writes, history, audit and outbox; no engine."""
    from django.db import connection, transaction

    from backend.apps.accounts.selectors import scope_of
    from backend.apps.exchange.services import outbox_add
    from backend.apps.subsidy.models import Statement
    from backend.apps.subsidy.services import statement_decide
    from workflows.duties import Duty, duty_conflict
    from workflows.history import Subject, event_of
    from workflows.models import ProcessEvent

    class Row:
        pk = process_id

    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            lock = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
            cursor.execute(f"SELECT stage FROM bench_stage WHERE statement_id = %s{lock}", [statement_id])  # noqa: S608  # our own words
            (stage,) = cursor.fetchone()
        statement = Statement.objects.select_related(
            "cycle__county", "cycle__scheme", "grade", "institution__township"
        ).get(pk=statement_id)
        subject = Subject(statement.cycle, statement)
        scope = scope_of(actor, permission="subsidy.review_township")
        allowed = (
            stage == "review_township"
            and actor.has_perm("subsidy.review_township")
            and statement.institution.township_id in scope.township_codes
            and duty_conflict(actor=actor, duty=Duty.REVIEW_TOWNSHIP, subject=subject) is None
        )
        if not allowed:
            raise AssertionError("refused")
        statement_decide(
            statement=statement,
            step="review_township",
            round=statement.round,
            decision="approved",
            comment="",
            content_hash=seen,
            actor=actor,
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE bench_stage SET stage = 'review_county', owner_id = NULL WHERE statement_id = %s",
                [statement_id],
            )
        ProcessEvent.objects.bulk_create(
            [
                event_of(
                    kind,
                    process=Row,
                    subject=subject,
                    actor=actor,
                    duty="review_township",
                    decision="approved",
                )
                for kind in (ProcessEvent.Kind.DECIDED, ProcessEvent.Kind.CREATED)
            ]
        )
        outbox_add(topic="bench", key=f"bench:{statement_id}", payload={"task_id": task_id})


# --- lists ----------------------------------------------------------------------------------------------
def lists(world: World, sizes: list[int], figures: dict[str, Any], *, explain: bool) -> None:
    """Pages of one person who may take all of so many open tasks: institutions whose township is still unknown."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from viewflow.workflow.models import Task

    from backend.apps.accounts.models import User
    from backend.apps.subsidy.models import Statement
    from workflows.fan_out import CHUNK, children_create
    from workflows.flows.statement_review import StatementReviewFlow
    from workflows.selectors import TaskFilters, counts, queue

    parent = Task.objects.get(process=world.cycle.run.process, flow_task_type="SUBPROCESS")
    figures["lists"] = {}
    done = 0
    for size in sizes:
        world.statements(size - done, prefix=f"乙{size}-", township=None)
        waiting = list(
            Statement.objects.filter(cycle=world.cycle, run__isnull=True)
            .select_related("cycle__county")
            .order_by("id")
        )
        for start in range(0, len(waiting), CHUNK):
            children_create(StatementReviewFlow, waiting[start : start + CHUNK], parent_task=parent)
        done = size
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        found: dict[str, Any] = {}
        pages: dict[str, Callable[[User], object]] = {
            "oldest first": lambda actor: queue(actor=actor),
            "by due date": lambda actor: queue(actor=actor, filters=TaskFilters(by_due=True)),
            "counts": lambda actor: counts(actor=actor),
        }
        for name, ask in pages.items():
            best, queries = float("inf"), 0
            for _ in range(5):
                actor = User.objects.get(pk=world.county_two.pk)
                start_at = time.perf_counter()
                with CaptureQueriesContext(connection) as captured:
                    ask(actor)
                best, queries = min(best, time.perf_counter() - start_at), len(captured)
            found[name] = {"milliseconds": 1000 * best, "queries": queries}
        figures["lists"][str(size)] = found
        if explain and size == sizes[-1]:
            _explain(User.objects.get(pk=world.county_two.pk))


def _explain(actor: Any) -> None:
    from viewflow.workflow.models import Task

    from workflows.access import tasks_eligible
    from workflows.flows import HUMAN_NODES

    page = Task.objects.filter(tasks_eligible(actor, HUMAN_NODES), status="NEW").order_by("id")[:21]
    print(page.explain())


# --- report ---------------------------------------------------------------------------------------------
def report(figures: dict[str, Any]) -> None:
    floor, opened = figures["floor_opening"], figures["opening"]
    print(f"{figures['database']}, Python {platform.python_version()}, load {figures['load']:.1f}\n")
    print(
        f"opening {opened['reviews']:,} reviews: {opened['seconds']:.1f} s (CPU {opened['cpu']:.1f}),"
        f" {opened['seconds'] / floor['seconds']:.1f} x floor (CPU {opened['cpu'] / floor['cpu']:.1f} x),"
        f" memory + {opened['megabytes']:.0f} MB; goal {TARGET_OPENING_SECONDS:.0f} s for 10,000"
    )
    decision = figures["decision"]
    for name in ("engine", "bare"):
        print(
            f"decision, {name}: {decision[name]['milliseconds']:.1f} ms"
            f" (CPU {decision[name]['cpu_milliseconds']:.1f})"
        )
    print(
        f"engine / bare: {decision['cpu_ratio']:.2f} x CPU, {decision['wall_ratio']:.2f} x wall;"
        f" goal <= {TARGET_DECISION_RATIO:.0f}"
    )
    for size, found in figures["lists"].items():
        pages = ", ".join(
            f"{name} {page['milliseconds']:.0f} ms / {page['queries']} queries"
            for name, page in found.items()
        )
        print(f"list of {int(size):,} open tasks: {pages}; goal <= {TARGET_LIST_QUERIES} queries")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--institutions", type=int, default=10_000)
    parser.add_argument("--decisions", type=int, default=300)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10, 1_000, 100_000])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--explain", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection
        from viewflow.workflow.models import Process

        call_command("migrate", verbosity=0)
        if Process.objects.exists():
            sys.exit("the database already has processes: give an empty one")
        figures: dict[str, Any] = {"database": connection.vendor, "load": os.getloadavg()[0]}
        world = World()
        opening(world, options.institutions, figures)
        decisions(world, options.decisions, figures)
        lists(world, options.tasks, figures, explain=options.explain)
        connection.close()
    report(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
