"""Outbox topics of the flows; `messages` turns them into messages to people."""

TASK_CREATED = "workflows.task_created"
REVIEWS_OPENED = "workflows.reviews_opened"
CYCLE_EVALUATED = "workflows.cycle_evaluated"
JOB_FAILED = "workflows.job_failed"
DEADLINE_PASSED = "workflows.deadline_passed"
