"""Many people on the same tasks at once, over HTTP: exactly one effect each, clean refusals, no error.

    python benchmarks/bench_contention.py [--tasks 500] [--clients 16] [--workers 4]

A real PostgreSQL of its own (durable), gunicorn with 4 worker processes. Every client walks through the same tasks in
the same order and approves each, so all of them meet at each task. The floor is what the same clients get when they
only read a page of tasks: what HTTP, session and one list cost on this machine, without any contention.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")

from benchmarks.live.person import Person, new_key  # noqa: E402  # after the path
from benchmarks.live.servers import Stack, stack  # noqa: E402  # as above

GOAL_P99 = 2.0


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def prepare(tasks: int, clients: int) -> list[str]:
    """A month whose statements all wait at one township; returns the sign-in names of its reviewers."""
    from datetime import date

    from backend.apps.institutions.models import Institution
    from backend.common.service_month import ServiceMonth
    from benchmarks.live.months import COUNTY, PASSWORD, TOWNSHIPS, make_attendance, make_county
    from tests.factories.people import make_user
    from workflows.actions import ActionPayload, RequiredDaysInput
    from workflows.models import TaskPlace
    from workflows.runner import run_pending
    from workflows.services import cycle_start, perform

    month = ServiceMonth(2025, 10)
    make_county(institutions=tasks, children=1, first=date(2025, 1, 1))
    Institution.objects.update(township_id=TOWNSHIPS[0])
    make_attendance([month])
    opener = make_user("county_reviewer", username="opener", region_code=COUNTY, starts_on=date(2020, 1, 1))
    cycle = cycle_start(county_code=COUNTY, month=month, actor=opener)
    place = TaskPlace.objects.get(cycle=cycle, node="set_attendance_days")
    perform(
        task_id=place.task_id,
        actor=opener,
        action="complete",
        payload=ActionPayload(decision="set", required_days=RequiredDaysInput(days=18)),
    )
    run_pending(until_idle=True, timeout=300)
    names = []
    for number in range(clients):
        user = make_user(
            "township_reviewer",
            username=f"town{number}",
            region_code=TOWNSHIPS[0],
            starts_on=date(2020, 1, 1),
        )
        user.set_password(PASSWORD)
        user.save()
        names.append(user.username)
    return names


def run(options: argparse.Namespace, made: Stack) -> bool:
    from backend.apps.subsidy.models import Statement, StatementDecision
    from benchmarks.live.months import PASSWORD
    from workflows.models import ProcessEvent, TaskPlace
    from workflows.selectors import task_detail

    names = prepare(options.tasks, options.clients)
    places = TaskPlace.objects.filter(node="review_township").select_related("statement").order_by("id")
    from backend.apps.accounts.models import User

    reader = User.objects.get(username=names[0])
    work = [(p.task_id, task_detail(actor=reader, task_id=p.task_id).content_hash) for p in places]
    assert len(work) == options.tasks, f"{len(work)} tasks instead of {options.tasks}"
    made.start_web()
    people = [Person(made.port, name, PASSWORD) for name in names]
    for person in people:
        if not person.sign_in():
            sys.exit("sign-in failed")

    reads: list[float] = []
    answers: list[tuple[int, str, float]] = []
    lock = threading.Lock()

    def read(person: Person) -> None:
        mine = [person.call("GET", "/tasks?box=queue").seconds for _ in range(20)]
        with lock:
            reads.extend(mine)

    def approve(person: Person) -> None:
        mine = []
        for task_id, seen in work:
            found = person.call(
                "POST",
                f"/tasks/{task_id}/complete",
                {"decision": "approved", "content_hash": seen},
                key=new_key(),
            )
            mine.append((found.status, found.code, found.seconds))
        with lock:
            answers.extend(mine)

    def together(action: object) -> float:
        threads = [threading.Thread(target=action, args=(person,)) for person in people]  # type: ignore[arg-type]  # a function of one person
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - began

    together(read)
    seconds = together(approve)
    statuses = Counter((status, code) for status, code, _ in answers)
    times = [taken for _, _, taken in answers]
    effects = StatementDecision.objects.filter(step="review_township").count()
    events = ProcessEvent.objects.filter(kind="decided", node="review_township").count()
    waiting = TaskPlace.objects.filter(node="review_county").count()
    print(
        f"PostgreSQL {made.version}, durable · {options.workers} web workers · load {os.getloadavg()[0]:.1f}"
    )
    print(
        f"{options.clients} clients × {options.tasks} tasks in {seconds:.0f} s, {len(answers) / seconds:.0f} answers/s"
    )
    for (status, code), count in sorted(statuses.items()):
        print(f"  {status} {code:24}{count:7,}")
    print(f"  effects: {effects} decisions, {events} events, {waiting} next tasks")
    print(
        f"  p50 {quantile(times, 0.5):.3f} s, p99 {quantile(times, 0.99):.3f} s, max {max(times):.3f} s; "
        f"floor (task list) p50 {quantile(reads, 0.5):.3f} s, p99 {quantile(reads, 0.99):.3f} s; "
        f"ratio p50 {quantile(times, 0.5) / quantile(reads, 0.5):.1f}"
    )
    done = sum(count for (status, _), count in statuses.items() if status == 200)
    refused = sum(count for (status, _), count in statuses.items() if status == 409)
    exact = (
        done == effects == events == waiting == options.tasks
        and refused == (options.clients - 1) * options.tasks
        and Statement.objects.count() == options.tasks
    )
    fast = quantile(times, 0.99) <= GOAL_P99
    print(
        f"\nexactly one effect and {refused:,} × 409: {'reached' if exact else 'MISSED'} · "
        f"p99 ≤ {GOAL_P99:g} s: {'reached' if fast else 'MISSED'}"
    )
    return exact and fast


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    with stack(web_workers=options.workers) as made:
        reached = run(options, made)
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
