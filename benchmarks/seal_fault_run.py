"""`kill -9` of the database while a month is being evaluated: the month is sealed whole or not at all.

    python benchmarks/seal_fault_run.py [--kills 50] [--seed 1] [--institutions 20] [--children 30]

Real processes: a durable PostgreSQL, gunicorn, the job runner. Months are brought to the evaluation by services, then
the evaluator asks over HTTP, and the whole database gets SIGKILL at a random moment of the request. After each kill
everything an evaluation writes is looked for: all of it, or none. A month that was not sealed is evaluated again with the
same idempotency key and killed again; only kills that came before the answer count. At the end every sealed month is
verified against its package, worked out again, and its package is checked by the file strangers get.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")

from benchmarks.live.person import Answer, NoAnswerError, Person, new_key  # noqa: E402  # after the path
from benchmarks.live.servers import Stack, answers, stack, wait_for  # noqa: E402  # as above

MONTHS = [(year, month) for year in (2024, 2025) for month in range(1, 13)]
COMMENT = "核对无误, 同意"
LATE = 0.8  # half of the kills come in the last fifth of the request, where the commit is
BACKUP_PATIENCE = 120.0  # seconds the runner has after the last kill


class Months:
    """Months that wait for the evaluation, made one after another: a kill may or may not use one up."""

    def __init__(self, institutions: int, children: int) -> None:
        from benchmarks.live.months import PASSWORD, make_county, make_people

        make_county(institutions=institutions, children=children, first=date(2023, 12, 1))
        self.people = make_people(reviewers_per_township=1)
        self.password = PASSWORD
        self.left = iter(MONTHS)
        self.made: list[int] = []

    def next(self) -> int:
        """Opened, worked out and approved by everybody; returns the id of the cycle."""
        from backend.common.service_month import ServiceMonth
        from benchmarks.live.months import COUNTY, make_attendance
        from workflows.actions import ActionPayload, RequiredDaysInput
        from workflows.models import TaskPlace
        from workflows.runner import run_pending
        from workflows.services import cycle_start, perform

        month = ServiceMonth(*next(self.left))
        make_attendance([month])
        opener = self._person(self.people.county[0])
        cycle = cycle_start(county_code=COUNTY, month=month, actor=opener)
        days = ActionPayload(decision="set", required_days=RequiredDaysInput(days=18, reason="按园历"))
        task = TaskPlace.objects.get(cycle=cycle, node="set_attendance_days").task_id
        perform(task_id=task, actor=opener, action="complete", payload=days)
        run_pending(until_idle=True, timeout=300)
        for node in ("review_township", "review_county"):
            for place in TaskPlace.objects.filter(cycle=cycle, node=node).select_related(
                "statement__institution"
            ):
                self._approve(place)
        run_pending(until_idle=True, timeout=300)
        self.made.append(cycle.pk)
        return int(cycle.pk)

    def _approve(self, place: Any) -> None:
        from backend.apps.subsidy.selectors.content import statement_content_hash
        from benchmarks.live.months import TOWNSHIPS
        from workflows.actions import ActionPayload
        from workflows.services import perform

        town = self.people.townships[TOWNSHIPS.index(place.statement.institution.township_id)]
        name = town if place.node == "review_township" else self.people.county[1]
        payload = ActionPayload(
            decision="approved", comment=COMMENT, content_hash=statement_content_hash(place.statement)
        )
        perform(task_id=place.task_id, actor=self._person(name), action="complete", payload=payload)

    def _person(self, name: str) -> Any:
        from backend.apps.accounts.models import User

        return User.objects.get(username=name)


class Evaluator(threading.Thread):
    """One request to evaluate; `answer` stays empty when the connection breaks."""

    def __init__(self, person: Person, task_id: int, body: dict[str, Any], key: str) -> None:
        super().__init__(daemon=True)
        self.person, self.task_id, self.body, self.key = person, task_id, body, key
        self.answer: Answer | None = None
        self.seconds = 0.0

    def run(self) -> None:
        began = time.perf_counter()
        try:
            self.person.connection = None  # a kept one would repeat the request by itself
            self.answer = self.person.call("POST", f"/tasks/{self.task_id}/complete", self.body, key=self.key)
        except NoAnswerError:
            pass
        self.seconds = time.perf_counter() - began

    @property
    def broken(self) -> bool:
        """Nobody was told that it worked."""
        return self.answer is None or self.answer.status >= 500


def evaluator(made: Stack, months: Months, cycle_id: int, key: str) -> Evaluator:
    """Signed in, identity proved, the content read; ready to be started."""
    from workflows.models import TaskPlace

    person = Person(made.port, months.people.evaluators[0], months.password)
    deadline = time.monotonic() + 60
    while True:
        try:
            if person.sign_in():
                break
        except NoAnswerError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("nobody can sign in after a kill")
        threading.Event().wait(0.2)
    task_id = TaskPlace.objects.get(cycle_id=cycle_id, node="evaluate").task_id
    content = person.call("GET", f"/tasks/{task_id}").body["content_hash"]
    proof = person.call("POST", "/session/identity", {"cycle_id": cycle_id, "password": months.password})
    assert proof.status < 300, proof
    body = {"decision": "evaluated", "comment": COMMENT, "content_hash": content}
    return Evaluator(person, task_id, body, key)


def written(cycle_id: int) -> dict[str, tuple[int, int]]:
    """Every trace of an evaluation: how many rows are there, and how many a whole one has."""
    from django.db import close_old_connections
    from viewflow.workflow.models import Task

    from backend.apps.audit.models import AuditEvent
    from backend.apps.exchange.models import Delivery
    from backend.apps.seals.models import LogEntry, Seal, SealPrivate, SealTree
    from backend.apps.subsidy.models import (
        EntitlementLine,
        Evaluation,
        MonthlyCycle,
        Snapshot,
        SnapshotLine,
        SnapshotStatement,
        Statement,
    )
    from workflows.models import ProcessEvent

    close_old_connections()
    month = MonthlyCycle.objects.get(pk=cycle_id).month
    statements = Statement.objects.filter(cycle=cycle_id).count()
    lines = EntitlementLine.objects.filter(statement__cycle=cycle_id).count()
    entries = (json.loads(text).get("month") for text in LogEntry.objects.values_list("document", flat=True))
    audits = AuditEvent.objects.filter(action="seals.month.sealed").values_list("detail", flat=True)
    place = {"place__cycle": cycle_id, "place__node": "evaluate"}
    return {
        "evaluated_at": (MonthlyCycle.objects.filter(pk=cycle_id, evaluated_at__isnull=False).count(), 1),
        "evaluation": (Evaluation.objects.filter(cycle=cycle_id).count(), 1),
        "snapshot": (Snapshot.objects.filter(cycle=cycle_id).count(), 1),
        "statements": (SnapshotStatement.objects.filter(snapshot__cycle=cycle_id).count(), statements),
        "lines": (SnapshotLine.objects.filter(statement__snapshot__cycle=cycle_id).count(), lines),
        "seal": (Seal.objects.filter(snapshot__cycle=cycle_id).count(), 1),
        "trees": (SealTree.objects.filter(seal__snapshot__cycle=cycle_id).count(), statements + 1),
        "private parts": (
            SealPrivate.objects.filter(seal__snapshot__cycle=cycle_id, number__gt=0).count(),
            statements,
        ),
        "log": (sum(found == str(month) for found in entries), 1),
        "audit": (sum(found["month"] == str(month) for found in audits), 1),
        "event": (ProcessEvent.objects.filter(cycle_id=cycle_id, node="evaluate", kind="decided").count(), 1),
        "task done": (Task.objects.filter(**place, status="DONE").count(), 1),
        "message": (Delivery.objects.filter(key=f"evaluated:{cycle_id}").count(), 1),
    }


def whole(found: dict[str, tuple[int, int]]) -> bool | None:
    """True: all of it; False: nothing; None: something between, which must never be."""
    if all(there == wanted for there, wanted in found.values()):
        return True
    return None if any(there for there, _ in found.values()) else False


def kill_once(made: Stack, months: Months, cycle_id: int, key: str, moment: float) -> Evaluator:
    """Evaluate, and kill the database `moment` seconds after the request went out, unless it was answered before."""
    request = evaluator(made, months, cycle_id, key)
    request.start()
    request.join(moment)
    if request.is_alive():
        made.database.kill()
        request.join(60)
        made.start_database()
    return request


def verdict(cycles: list[int]) -> tuple[list[str], int]:
    """Every fault of the sealed months once all is at rest; and how many months were looked at."""
    from backend.apps.seals.models import Seal
    from backend.apps.seals.selectors.stores import package_path, stores
    from backend.apps.seals.services import installation_verify, seal_verify
    from backend.apps.seals.services.replaying import seal_replay

    spec = importlib.util.spec_from_file_location("zhishan_verify", ROOT / "verifier" / "zhishan_verify.py")
    assert spec is not None
    assert spec.loader is not None
    stranger = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stranger)
    faults = [f"{found.table} {found.key}: {found.message}" for found in installation_verify()]
    seals = list(Seal.objects.filter(snapshot__cycle__in=cycles).order_by("origin", "entry"))
    for seal in seals:
        report = seal_verify(seal)
        faults += [f"{seal.month} {found.table} {found.key}: {found.message}" for found in report.findings]
        faults += [] if report.witness == "directory" else [f"{seal.month}: no package to compare with"]
        replay = seal_replay(seal)
        faults += [f"{seal.month}: {len(replay.differences)} differences"] if replay.differences else []
        data = stores()["directory"].get(package_path(seal)) or b""
        keys = [stranger.Key(str(key)) for key in seal.keys]
        faults += [f"{seal.month}, stranger: {found}" for found in stranger.Package(data, keys).faults]
    return faults, len(seals)


def packages_missing() -> int:
    from django.db import close_old_connections

    from backend.apps.seals.models import Seal

    close_old_connections()
    return Seal.objects.filter(copies__isnull=True).count()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--institutions", type=int, default=20)
    parser.add_argument("--children", type=int, default=30)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311  # a repeatable schedule
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZHISHAN_TEST_DIR"] = folder  # the runner writes packages where this process reads them
        with stack(web_workers=1) as made:
            sys.exit(run(made, options, chance))


def run(made: Stack, options: argparse.Namespace, chance: random.Random) -> int:
    from tests.support.verdict import judge

    months = Months(options.institutions, options.children)
    cycle_id = months.next()
    made.start_web()
    made.runner.start()
    first = evaluator(made, months, cycle_id, new_key())
    first.run()
    assert first.answer is not None
    assert first.answer.status == 200, first.answer
    undisturbed = took = first.seconds
    faults, kills, ends = [], 0, Counter[str]()
    tenths: Counter[int] = Counter()
    cycle_id, key = months.next(), new_key()
    while kills < options.kills:
        start = chance.choice((0.0, LATE))
        moment = took * (start + chance.random() * (1 - start))
        request = kill_once(made, months, cycle_id, key, moment)
        state = written(cycle_id)
        sealed = whole(state)
        if request.broken:
            kills += 1
            tenths[min(int(moment / took * 10), 9)] += 1
            ends[{True: "sealed whole", False: "not at all", None: "IN PART"}[sealed]] += 1
        else:
            took = min(took, request.seconds)
        if not request.broken and not sealed:
            faults.append(f"answered {request.answer and request.answer.status}, but not sealed")
        if sealed is None:
            faults.append(f"cycle {cycle_id} in part: {state}")
        if sealed is not False and kills < options.kills:
            repeated = evaluator_again(made, request)
            if repeated.status != 200:
                faults.append(f"the repeated request got {repeated.status} {repeated.code}")
            cycle_id, key = months.next(), new_key()
        for server in (made.web, made.runner):
            if not server.running:
                server.start()
        wait_for(lambda: answers(made.port), "the web server answers again")
    last = evaluator(made, months, cycle_id, key)
    last.run()
    state = written(cycle_id)
    if last.answer is None or last.answer.status != 200 or not whole(state):
        faults.append(
            f"the last month cannot be evaluated after all kills: {last.answer and last.answer.status}, {state}"
        )
    began = time.monotonic()
    while packages_missing() and time.monotonic() - began < BACKUP_PATIENCE:
        threading.Event().wait(0.5)
    rest = time.monotonic() - began
    found, count = verdict(months.made)
    faults += found + judge()
    lines = options.institutions * options.children
    print(f"PostgreSQL {made.version}, durable · seed {options.seed} · load {os.getloadavg()[0]:.1f}")
    print(f"an evaluation of {lines:,} lines takes {undisturbed:.2f} s at first, {took:.2f} s at best")
    print(f"{kills} kills before the answer: " + ", ".join(f"{n} × {end}" for end, n in sorted(ends.items())))
    print("by tenth of that time: " + " ".join(str(tenths[n]) for n in range(10)))
    print(f"{count} of {len(months.made)} months sealed; the last package {rest:.0f} s after the last kill")
    for fault in faults:
        print(f"  FAULT {fault}")
    print("\nsealed whole or not at all" if not faults else f"\n{len(faults)} FAULTS")
    return 1 if faults else 0


def evaluator_again(made: Stack, request: Evaluator) -> Answer:
    """The same request once more with its key, as a browser without an answer does: the first answer, no second effect."""
    person = Person(made.port, request.person.username, request.person.password)
    wait_for(lambda: answers(made.port), "the web server answers again")
    person.sign_in()
    return person.call("POST", f"/tasks/{request.task_id}/complete", request.body, key=request.key)


if __name__ == "__main__":
    main()
