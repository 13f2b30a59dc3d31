"""`kill -9` at random while people work: nothing is lost, nothing happens twice, nothing is stuck afterwards.

    python benchmarks/fault_run.py [--kills 100] [--seed 1] [--settle 300]

Real processes: a durable PostgreSQL, gunicorn, the job runner. Invented people open months, review, return, correct
and evaluate over HTTP with an idempotency key each, and repeat a request whose answer they never saw with the same key. Every
second or so one victim gets SIGKILL: the web server or one of its workers, the runner, the database or one of its
backends. After the last kill everything has `--settle` seconds to come to rest; then the rows are judged. Bounded: it
stops by itself after the kills, and it talks to loopback only.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")

from benchmarks.live.person import Answer, NoAnswerError, Person, new_key  # noqa: E402  # after the path
from benchmarks.live.servers import Stack, answers, stack, wait_for  # noqa: E402  # as above
from tests.support.id_numbers import id_numbers_in  # noqa: E402  # as above

MONTHS = [(year, month) for year in (2024, 2025) for month in range(1, 13)]
WEIGHTS = {"approved": 12, "returned": 1, "claim": 1, "release": 1}
COMMENT = "核对无误, 按规定办理"


@dataclass
class Log:
    """What people saw, by kind of answer."""

    answers: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, found: Answer, what: str) -> None:
        with self.lock:
            self.answers[f"{found.status} {found.code}".strip()] += 1
            if found.status == 500:
                self.errors.append(f"{what}: {found.body}")

    def lost(self) -> None:
        with self.lock:
            self.answers["no answer"] += 1


class Actor(threading.Thread):
    """One person who keeps working: looks at the lists, opens a task, does something that is allowed there."""

    def __init__(self, made: Stack, name: str, log: Log, stop: threading.Event, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        from benchmarks.live.months import PASSWORD

        self.person = Person(made.port, name, PASSWORD)
        self.log, self.stopping, self.random = log, stop, random.Random(seed)  # noqa: S311  # repeatable, not secret
        self.opening = False

    def run(self) -> None:
        signed_in = False
        while not self.stopping.is_set():
            try:
                signed_in = signed_in or self.person.sign_in()
                busy = signed_in and self.once()
            except NoAnswerError:
                self.log.lost()
                busy = False
            if not busy:
                self.stopping.wait(0.1 + self.random.random() / 3)

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Answer:
        """With a key the request is repeated until somebody answers: it can have only one effect."""
        deadline = time.monotonic() + 90
        while True:
            try:
                found = self.person.call(method, path, body, key=key)
                self.log.note(found, f"{method} {path}")
                if found.status < 500 or not key or time.monotonic() > deadline:
                    return found
            except NoAnswerError:
                self.log.lost()
                if not key or time.monotonic() > deadline:
                    raise
            self.stopping.wait(0.2)
            if self.stopping.is_set():
                raise NoAnswerError("stopped")

    def once(self) -> bool:
        if self.opening:
            self.open_a_month()
        rows = []
        for box in ("inbox", "queue"):
            found = self.ask("GET", f"/tasks?box={box}&limit=50")
            if found.status == 401:
                self.person.sign_in()
                return False
            rows += found.body.get("results", []) if found.status == 200 else []
        if not rows:
            return False
        task = self.ask("GET", f"/tasks/{self.random.choice(rows)['id']}")
        return task.status == 200 and self.act(task.body)

    def act(self, task: dict[str, Any]) -> bool:
        allowed = [c["action"] for c in task["capabilities"] if c["allowed"]]
        known = [a for a in allowed if a in (*WEIGHTS, "set", "evaluated", "resubmitted")]
        if not known:
            return False
        chosen = self.random.choices(known, [WEIGHTS.get(a, 12) for a in known])[0]
        if chosen in ("claim", "release"):
            self.ask("POST", f"/tasks/{task['id']}/{chosen}", {}, key=new_key())
            return True
        body: dict[str, Any] = {"decision": chosen, "comment": COMMENT, "content_hash": task["content_hash"]}
        if chosen == "set":
            body["required_days"] = {"days": 18, "reason": "按园历"}
        if chosen == "evaluated":
            self.ask(
                "POST", "/session/identity", {"cycle_id": task["cycle_id"], "password": self.person.password}
            )
        self.ask("POST", f"/tasks/{task['id']}/complete", body, key=new_key())
        return True

    def open_a_month(self) -> None:
        """The next month once the last one is evaluated, so that all steps go on side by side."""
        found = self.ask("GET", "/cycles?limit=100")
        if found.status != 200:
            return
        cycles = found.body["results"]
        if len(cycles) >= len(MONTHS) or sum(c["evaluated_at"] is None for c in cycles) >= 2:
            return
        year, month = MONTHS[len(cycles)]
        self.ask("POST", "/cycles", {"county": "330683", "month": f"{year}-{month:02d}"})


def victims(made: Stack, rng: random.Random) -> tuple[str, Callable[[], None]]:
    """One of the ways a process can vanish."""

    def one_of(server: str) -> Callable[[], None]:
        target = getattr(made, server)
        pids = target.pids()[1:] or target.pids()
        return lambda: target.kill_one(rng.choice(pids)) if pids else None

    choices: list[tuple[str, Callable[[], None]]] = [
        ("web server", made.web.kill),
        ("web worker", one_of("web")),
        ("job runner", made.runner.kill),
        ("database", made.database.kill),
        ("database backend", one_of("database")),
    ]
    return rng.choices(choices, (2, 2, 3, 2, 1))[0]


def revive(made: Stack) -> None:
    """As systemd would: whatever is gone is started again; a database whose backend died restarts by itself."""
    if not made.database.running:
        made.start_database()
    if not made.web.running:
        made.web.start()
    if not made.runner.running:
        made.runner.start()


def unfinished() -> dict[str, int]:
    """What has not come to rest: jobs, messages, months with an undone step that no person holds up."""
    from django.db import OperationalError, close_old_connections
    from viewflow.workflow.models import Process

    from backend.apps.exchange.models import Delivery
    from backend.apps.subsidy.models import MonthlyCycle
    from workflows.models import JobRun

    close_old_connections()
    try:
        return {
            "jobs": JobRun.objects.filter(finished_at__isnull=True).count(),
            "months not evaluated": MonthlyCycle.objects.filter(evaluated_at__isnull=True).count(),
            "processes": Process.objects.exclude(status__in=("DONE", "CANCELED")).count(),
            "messages": Delivery.objects.filter(state=Delivery.State.PENDING).count(),
        }
    except OperationalError:
        return {"database": 1}


def settle(seconds: float, made: Stack) -> tuple[float, dict[str, int]]:
    began = time.monotonic()
    while True:
        revive(made)
        left = {name: count for name, count in unfinished().items() if count}
        took = time.monotonic() - began
        if not left or took > seconds:
            return took, left
        threading.Event().wait(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settle", type=float, default=300)
    parser.add_argument("--institutions", type=int, default=6)
    options = parser.parse_args()
    rng = random.Random(options.seed)  # noqa: S311  # a repeatable schedule
    with stack(web_workers=2) as made:
        from backend.common.service_month import ServiceMonth
        from benchmarks.live.months import make_attendance, make_county, make_people
        from tests.support.verdict import judge, judged

        operators = make_county(institutions=options.institutions, children=3, first=date(2023, 12, 1))
        make_attendance([ServiceMonth(*month) for month in MONTHS])
        people = make_people(reviewers_per_township=2)
        made.start_web()
        made.runner.start()
        log, stop = Log(), threading.Event()
        names = (*people.county, *people.townships, *operators, *people.evaluators)
        actors = [Actor(made, name, log, stop, options.seed + n) for n, name in enumerate(names)]
        actors[0].opening = True
        for actor in actors:
            actor.start()
        killed: Counter[str] = Counter()
        began = time.monotonic()
        while sum(killed.values()) < options.kills:
            stop.wait(0.5 + rng.random() * 2.5)
            name, kill = victims(made, rng)
            kill()
            killed[name] += 1
            revive(made)
            wait_for(lambda: answers(made.port), "the web server answers again")
        duration = time.monotonic() - began
        actors[0].opening = False
        took, left = settle(options.settle, made)
        stop.set()
        for actor in actors:
            actor.join(timeout=100)
        logs = [server.log.read_text(errors="replace") for server in (made.web, made.runner)]
        print(f"PostgreSQL {made.version}, durable · seed {options.seed} · load {os.getloadavg()[0]:.1f}")
        print(
            f"{sum(killed.values())} kills in {duration:.0f} s: "
            + ", ".join(f"{n} × {k}" for k, n in sorted(killed.items()))
        )
        for answer, count in sorted(log.answers.items()):
            print(f"  {answer:36}{count:8,}")
        print(
            f"at rest {took:.0f} s after the last kill" if not left else f"STUCK after {took:.0f} s: {left}"
        )
        print(f"judged: {judged()}")
        faults = judge()
        faults += [f"500: {text}" for text in log.errors[:5]]
        faults += ["an 18-digit number in a log"] if any(map(id_numbers_in, logs)) else []
        faults += [f"stuck: {left}"] if left else []
        for fault in faults:
            print(f"  FAULT {fault}")
        print("\nevery invariant holds" if not faults else f"\n{len(faults)} FAULTS")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
