"""Sets the required days in a process of its own, as a web worker would; prints the seconds it took.

python -m tests.workflows.cut_off TASK USER
"""

from __future__ import annotations

import sys
import time

import django

django.setup()

from backend.apps.accounts.models import User  # noqa: E402  # models are there after setup()
from workflows.actions import ActionPayload, RequiredDaysInput  # noqa: E402  # as above
from workflows.services import perform  # noqa: E402  # as above

if __name__ == "__main__":
    task_id, user_id = map(int, sys.argv[1:])
    payload = ActionPayload(
        decision="set", required_days=RequiredDaysInput(days=17, reason="十月实际开园 17 天")
    )
    began = time.monotonic()
    perform(task_id=task_id, actor=User.objects.get(pk=user_id), action="complete", payload=payload)
    print(time.monotonic() - began)
