"""月度周期: one process per county and service month, from required days to the sealed report.

People set the required days and evaluate; jobs calculate, warn, seal and report; in between every
institution's statement is reviewed in its own process (`statement_review`), and the month waits for all.

    Example: 嵊州市 2026-10. 陈审核 sets 18 days. 52 statements are calculated, alerts raised, 52 reviews
    opened. When the 52nd is approved or excluded, 赵评定 evaluates; the snapshot and the report follow.

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
from workflows.flows.statement_review import StatementReviewFlow
from workflows.history import Subject, record_start, subject_attach
from workflows.locks import FLOW_LOCK
from workflows.models import CycleProcess, CycleRun
from workflows.nodes import Decision, End, FanOut, HumanTask, Job, Reach, Turn

SET = Decision("set", "确定应考勤天数")
EVALUATED = Decision("evaluated", "评定", clean=True)


class MonthlyCycleFlow(Flow):
    process_class = CycleProcess
    lock_impl = FLOW_LOCK
    process_title = "月度周期"
    process_description = "一个县一个服务月: 设置天数, 计算, 预警, 审核, 评定, 封存, 报表"

    start = nodes.StartHandle(this.open).Annotation(title="开启月度周期").Next(this.set_attendance_days)

    # --- county 县级 ----------------------------------------------------------------------------------
    set_attendance_days = (
        HumanTask(
            steps.set_days,
            duty=Duty.SET_DAYS,
            reach=Reach.COUNTY,
            decisions=(SET,),
            binds_content=False,  # nothing is calculated yet
        )
        .Annotation(
            title="设置应考勤天数", description="确定本月应考勤天数, 可按机构另定", result_template="已设置"
        )
        .Permission("subsidy.set_attendance_days")
        .Next(this.calculate)
    )

    # --- background 后台 ------------------------------------------------------------------------------
    calculate = Job(steps.calculate).Annotation(title="计算补助").Next(this.warn)
    warn = Job(steps.warn).Annotation(title="智能预警").Next(this.review_statements)

    # --- townships, county, institutions 各机构审核 ---------------------------------------------------
    review_statements = (
        FanOut(StatementReviewFlow, rows=steps.statements_to_open, open_children=steps.has_open_statements)
        .Annotation(title="各机构结算单审核")
        .Next(this.evaluate)
    )

    # --- evaluator 评定人 -----------------------------------------------------------------------------
    evaluate = (
        HumanTask(steps.evaluate, duty=Duty.EVALUATE, reach=Reach.COUNTY, decisions=(EVALUATED,))
        .Annotation(title="评定", description="核对全县结果, 评定后数据封存", result_template="已评定")
        .Permission("subsidy.evaluate_cycle")
        .Next(this.snapshot)
    )

    # --- a finished statement is open again 重新审核 ----------------------------------------------------
    wait_again = Turn().Annotation(title="等待复审").To(this.review_statements)

    # --- background 后台 ------------------------------------------------------------------------------
    snapshot = Job(steps.snapshot).Annotation(title="封存备份").Next(this.report)
    report = Job(steps.report).Annotation(title="生成报表").Next(this.end)

    end = End().Annotation(title="完成")

    def open(self, activation: Any, subject: Subject, actor: User | None = None) -> Any:
        """Saves the process and its link before the first task, whose place refers to both."""
        activation.process.save()
        CycleRun.objects.create(
            cycle=subject.cycle, process=activation.process, definition=definition_current(type(self))
        )
        subject_attach(activation.process, subject)
        record_start(activation, actor)
        return activation.process
