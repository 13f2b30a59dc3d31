"""Start-up checks: what Viewflow leaves to its user is held here, for every flow and every edition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from viewflow.workflow.base import Flow
from viewflow.workflow.fields import import_flow_by_ref, import_task_by_ref
from viewflow.workflow.models import Process, Task
from viewflow.workflow.nodes import Obsolete, View

from backend.apps.accounts.domain.roles import RoleCode
from backend.common.guards import missing_guards
from workflows.duties import conflicts_of
from workflows.duty_paths import path_faults
from workflows.flows import FLOWS
from workflows.locks import FLOW_LOCK
from workflows.nodes import FanOut, HumanTask


@register()
def check_flows(**_: Any) -> list[CheckMessage]:
    """E001–E008: the flows themselves."""
    return [problem for flow in _our_flows() for problem in flow_problems(flow)]


@register()
def check_duties(**_: Any) -> list[CheckMessage]:
    """E020: no path through the flows lets one person perform two incompatible duties."""
    return [Error(f"职责分离有缺口: {fault}", id="workflows.E020") for fault in path_faults(FLOWS)]


@register()
def check_settings(**_: Any) -> list[CheckMessage]:
    """E009–E010: an outer transaction or a deferred SQLite transaction breaks the lock."""
    return list(settings_problems(settings.DATABASES))


@register(Tags.database)
def check_database(*, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """E011–E012: stored references resolve, append-only triggers are in place.

    Asked by `check --database default`, `migrate` and `run_jobs`; silent while migrations are pending, because
    one of them may bring the table or rename the references.
    """
    found: list[CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            continue
        found += [
            Error(f"流程引用无法解析: {reference}", id="workflows.E011")
            for reference in unresolved_references(alias)
        ]
        found += [
            Error(f"只追加表缺少触发器: {table}", id="workflows.E012") for table in missing_guards(connection)
        ]
    return found


def flow_problems(flow: Any) -> Iterator[CheckMessage]:
    if flow.lock_impl is not FLOW_LOCK:
        yield Error(f"{flow.__name__} 没有使用 FLOW_LOCK", id="workflows.E001")
    if any(base is not Flow and issubclass(base, Flow) for base in flow.__mro__[1:]):
        # Edges of a subclass lead into the parent's nodes.
        yield Error(f"{flow.__name__} 继承了另一个流程", id="workflows.E002")
    for node in flow.instance.nodes():
        yield from _node_problems(flow, node)


def _node_problems(flow: Any, node: Any) -> Iterator[CheckMessage]:
    where = f"{flow.__name__}.{node.name}"
    if node.task_title == node.name.replace("_", " ").title():
        yield Error(f"{where} 没有中文名称", id="workflows.E003")
    if isinstance(node, View):
        if not isinstance(node, HumanTask):
            yield Error(f"{where} 不是 HumanTask, 没有范围与职责规则", id="workflows.E004")
            return
        if not any(node.permission in role.permissions for role in RoleCode):
            yield Error(f"{where} 没有任何岗位拥有的权限 {node.permission!r}", id="workflows.E005")
        if not conflicts_of(node.duty) or not node.decisions:
            yield Error(f"{where} 缺少职责规则或办理选项", id="workflows.E006")
        if node._owner is not None or node._on_create is not None:  # noqa: SLF001  # `.Assign()` and `onCreate` leave no other trace
            yield Error(f"{where} 使用了 Assign 或 onCreate, 会绕过检查", id="workflows.E007")
    if isinstance(node, FanOut):
        first = node.child_flow.instance.node("start")._next  # noqa: SLF001  # as above
        if not isinstance(first, HumanTask) or not isinstance(first._owner_permission, str):  # noqa: SLF001  # as above
            yield Error(f"{where} 的子流程不能批量开启", id="workflows.E008")


def settings_problems(databases: dict[str, dict[str, Any]]) -> Iterator[CheckMessage]:
    for alias, config in databases.items():
        if config.get("ATOMIC_REQUESTS"):
            yield Error(f"数据库 {alias} 打开了 ATOMIC_REQUESTS, 流程锁将不在最外层", id="workflows.E009")
        if (
            str(config["ENGINE"]).endswith("sqlite3")
            and config.get("OPTIONS", {}).get("transaction_mode") != "IMMEDIATE"
        ):
            yield Error(f"SQLite 数据库 {alias} 不是 IMMEDIATE 事务", id="workflows.E010")


def unresolved_references(alias: str = "default") -> list[str]:
    """Stored names of flows and nodes that today's code no longer knows."""
    flows = Process.objects.using(alias).order_by().values_list("flow_class").distinct()
    nodes = Task.objects.using(alias).order_by().values_list("flow_task").distinct()
    missing = [name for name in _stored(alias, flows.query) if not _resolves(import_flow_by_ref, name)]
    missing += [name for name in _stored(alias, nodes.query) if not _resolves(import_task_by_ref, name)]
    return sorted(missing)


def _stored(alias: str, query: Any) -> list[str]:
    """The text in the column; Viewflow's field would already turn an unknown name into None."""
    sql, parameters = query.sql_with_params()
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]


def _resolves(look_up: Any, reference: str) -> bool:
    try:
        found = look_up(reference)
    except (ImportError, LookupError, AttributeError):
        return False
    return found is not None and not isinstance(found, Obsolete)


def _our_flows() -> list[Any]:
    """Every flow class of this room, listed in `FLOWS` or not: a forgotten one must not escape the checks."""
    found, waiting = list(FLOWS), list(Flow.__subclasses__())
    while waiting:
        flow = waiting.pop()
        waiting += flow.__subclasses__()
        if flow.__module__.startswith("workflows.") and flow not in found:
            found.append(flow)
    return found
