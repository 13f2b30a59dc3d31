"""机构月度结算单审核: one process per institution and month.

The township looks first, the county second; either may return the statement to the institution, which
corrects and submits again, and then both levels look again. The county may also return it to the township, and
exclude it from the month with a reason, whatever step it is at.

Whoever decided may withdraw it before the next person went on; until the evaluation the county may open a
finished statement again. Both begin a new round: rows are added, never undone.

    Example: 茉莉托育中心 2026-10. 王三江 (township) returns it: "9 日缺离园打卡". 李茉莉 (operator) explains and
    resubmits; 王三江 approves round 2; 陈审核 (county) approves. The statement is finished; when it was the
    last one, the month goes on to evaluation.

Flow, class and node names are stored with every task: never rename them without a data migration.
"""

from __future__ import annotations

from typing import Any

from viewflow import this
from viewflow.workflow import nodes
from viewflow.workflow.base import Flow

from backend.apps.accounts.models import User
from workflows import steps
from workflows.definitions import definition_current
from workflows.duties import Duty
from workflows.history import Subject, record_start, subject_attach
from workflows.locks import FLOW_LOCK
from workflows.models import StatementProcess, StatementRun
from workflows.nodes import Decision, End, HumanTask, Reach, Route, Turn

APPROVED = Decision("approved", "通过", clean=True)
RETURNED = Decision("returned", "退回", comment_required=True)
BACK_TO_TOWNSHIP = Decision("back_to_township", "退回初审", comment_required=True)
EXCLUDED = Decision("excluded", "不纳入本月", comment_required=True, permission="subsidy.exclude_statement")
RESUBMITTED = Decision("resubmitted", "重新提交", comment_required=True)


def decision_taken(activation: Any) -> dict[str, str]:
    """What the gateway needs of the step before it: one word, never a comment."""
    return {"decision": activation.task.data["decision"]}


class StatementReviewFlow(Flow):
    process_class = StatementProcess
    lock_impl = FLOW_LOCK
    process_title = "机构月度结算单审核"
    process_description = "乡镇街道初审, 县级审核; 可退回机构更正, 县级可不纳入本月"

    start = nodes.StartHandle(this.open).Annotation(title="结算单生成").Next(this.review_township)

    # --- township 乡镇街道 ----------------------------------------------------------------------------
    review_township = (
        HumanTask(
            steps.decide,
            duty=Duty.REVIEW_TOWNSHIP,
            reach=Reach.TOWNSHIP,
            decisions=(APPROVED, RETURNED),
        )
        .Annotation(
            title="乡镇街道初审", description="核对本机构当月考勤与应补金额", result_template="已初审"
        )
        .Permission("subsidy.review_township")
        .Next(this.check_township, task_data=decision_taken)
    )

    check_township = (
        Route().Annotation(title="初审结论").On(APPROVED, this.review_county).On(RETURNED, this.correct)
    )

    # --- county 县级 ----------------------------------------------------------------------------------
    review_county = (
        HumanTask(
            steps.decide,
            duty=Duty.REVIEW_COUNTY,
            reach=Reach.COUNTY,
            decisions=(APPROVED, RETURNED, BACK_TO_TOWNSHIP, EXCLUDED),
        )
        .Annotation(title="县级审核", description="复核初审通过的结算单", result_template="已审核")
        .Permission("subsidy.review_county")
        .Next(this.check_county, task_data=decision_taken)
    )

    check_county = (
        Route()
        .Annotation(title="县级审核结论")
        .On(APPROVED, this.approved)
        .On(RETURNED, this.correct)
        .On(BACK_TO_TOWNSHIP, this.review_township)
        .On(EXCLUDED, this.excluded)
    )

    # --- institution 托育机构 -------------------------------------------------------------------------
    correct = (
        HumanTask(
            steps.decide,
            duty=Duty.CORRECT,
            reach=Reach.INSTITUTION,
            decisions=(RESUBMITTED,),
        )
        .Annotation(
            title="机构更正", description="说明情况, 必要时申请考勤更正, 再提交", result_template="已重新提交"
        )
        .Permission("subsidy.correct_statement")
        .Next(this.review_township)
    )

    # --- beside the steps 步骤之外 ---------------------------------------------------------------------
    withdraw = Turn().Annotation(title="撤回").To(this.review_township, this.review_county, this.correct)
    reopen = Turn().Annotation(title="重新审核").To(this.review_township)
    exclude = Turn().Annotation(title="审核中不纳入").To(this.excluded)

    approved = End().Annotation(title="审核通过")
    excluded = End().Annotation(title="不纳入本月")

    def open(self, activation: Any, subject: Subject, actor: User | None = None) -> Any:
        """Saves the process and its link before the first task, whose place refers to both."""
        activation.process.save()
        assert subject.statement is not None
        StatementRun.objects.create(
            statement=subject.statement,
            process=activation.process,
            definition=definition_current(type(self)),
        )
        subject_attach(activation.process, subject)
        record_start(activation, actor)
        return activation.process
