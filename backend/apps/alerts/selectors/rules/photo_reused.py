"""照片重复使用: one picture behind several punches, across days and children; found at ingest, read here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from backend.apps.alerts.domain.evidence import Against, Finding
from backend.apps.alerts.domain.photo_reuse import Kind, Reuse, judge_uses
from backend.apps.alerts.domain.rule import Parameter, Rule, Severity
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules.registered import Evidence, EvidenceDay, RegisteredRule, Values
from backend.apps.alerts.selectors.rules.wording import days_text
from backend.apps.attendance.selectors.expressions import SHANGHAI
from backend.apps.attendance.selectors.photo_reuse import OnePicture, PhotoMonth, Use, pictures_used_again
from backend.apps.enrolment.models import Child

RULE = Rule(
    code="photo_reused",
    title="照片重复使用",
    severity=Severity.HIGH,
    blocking=True,
    looks_for="同一张照片(文件相同, 或重新压缩、缩放、略作裁剪后画面相同)用于不同婴幼儿, 或同一婴幼儿的不同打卡; 与以往月份一并比对",
    innocent="闸机把一次通过上报两遍; 双胞胎或同行的婴幼儿被同一台设备拍在一张照片里; 设备上传的是登记照而不是现场照;"
    " 同一面墙前的不同婴幼儿, 以及双胞胎各自的照片, 画面并不相同, 不会报出",
    basis="中山市审计局用图片相似度脚本比对 1,327 万次, 查出重复使用的照片并追回资金",
    batch_dismissal=True,
    parameters=(
        Parameter("same_moment", "算作一次通过的间隔", "分钟", 10, 0, 60),
        Parameter("together", "算作同框的间隔", "秒", 30, 0, 300),
        Parameter("portrait_share", "算作登记照的人数比例", "%", 50, 20, 100),
    ),
)
PORTRAIT = "registered_portrait"
PORTRAIT_CHILDREN = 5  # fewer are named one by one
_TEXTS = {
    **{kind.value: kind.text for kind in Kind},
    PORTRAIT: "设备对多数婴幼儿反复上传同一张照片, 疑为登记照",
}


@dataclass(frozen=True, slots=True)
class _Lead:
    picture: OnePicture
    reuse: Reuse


def find(facts: MonthFacts, values: Values) -> list[Finding]:
    month = pictures_used_again(county_code=facts.county_code, month=facts.month)
    leads = []
    for picture in month.pictures:
        reuse = judge_uses(
            picture.uses,
            exact_of=_exact_of(picture),
            same_moment=timedelta(minutes=values["same_moment"]),
            together=timedelta(seconds=values["together"]),
        )
        if reuse is not None:
            leads.append(_Lead(picture, reuse))
    portraits = _portraits(facts, month, leads, values["portrait_share"])
    born = _birth_dates(leads)
    return [
        *(_portrait(pk, children, month.children[pk]) for pk, children in sorted(portraits.items())),
        *(_finding(facts, lead, born) for lead in leads if _institution(lead) not in portraits),
    ]


def _exact_of(picture: OnePicture) -> dict[int, int]:
    """Photo to the oldest one with equal bytes; pairs of equal bytes all lead from the oldest."""
    return {pair.second: pair.first for pair in picture.pairs if pair.exact}


def _institution(lead: _Lead) -> int | None:
    """Where the device may be one that sends portraits: the same child, the same bytes, one institution."""
    places = {use.institution_id for use in lead.picture.uses}
    alone = lead.reuse.kind is Kind.DAYS and lead.reuse.exact and len(places) == 1
    return places.pop() if alone else None


def _portraits(
    facts: MonthFacts, month: PhotoMonth, leads: Iterable[_Lead], share: int
) -> dict[int, set[int]]:
    """Institutions at which most children with photos have the same one again and again; the children."""
    found: dict[int, set[int]] = defaultdict(set)
    for lead in leads:
        pk = _institution(lead)
        if pk is not None and pk in month.children:
            found[pk].add(lead.picture.uses[0].child_id)
    return {
        pk: children
        for pk, children in found.items()
        if len(children) >= PORTRAIT_CHILDREN and len(children) * 100 >= share * month.children[pk]
    }


def _portrait(pk: int, children: set[int], seen: int) -> Finding:
    return Finding(
        rule=RULE.code,
        subject_key=f"institution:{pk}",
        institution_ids=(pk,),
        child_id=None,
        blocking=False,
        severity=Severity.LOW,
        decisive={"kind": PORTRAIT, "exact": True, "institution_id": pk, "child_ids": sorted(children)},
        context={"children": len(children), "children_with_photos": seen},
        against=(
            Against(
                PORTRAIT,
                True,
                f"有照片的 {seen} 人中 {len(children)} 人如此, 像是设备设置问题; 这些照片不能证明当日到托",
            ),
        ),
    )


def _finding(facts: MonthFacts, lead: _Lead, born: Mapping[int, date]) -> Finding:
    uses, reuse = lead.picture.uses, lead.reuse
    children = sorted({use.child_id for use in uses})
    newest_first = dict.fromkeys(use.institution_id for use in reversed(uses))
    exact_children = reuse.kind is Kind.CHILDREN and reuse.exact
    photos = [use.photo_id for use in uses] + [pk for pair in lead.picture.pairs for pk in pair[:2]]
    return Finding(
        rule=RULE.code,
        subject_key=str(min(photos)),
        institution_ids=tuple(newest_first),
        child_id=children[0] if len(children) == 1 else None,
        blocking=exact_children,
        severity=_severity(reuse),
        decisive={
            "kind": reuse.kind.value,
            "exact": reuse.exact,
            "child_ids": children,
            "moments": [_moment(use) for use in uses],
        },
        context={
            "uses": [{"punch_id": use.punch_id, **_moment(use)} for use in uses],
            "pairs": [pair._asdict() for pair in lead.picture.pairs],
            "earlier_month": any(use.date < facts.month.first_day for use in uses),
        },
        against=tuple(_against(reuse, children, born)),
    )


def _severity(reuse: Reuse) -> Severity:
    if reuse.kind is Kind.TOGETHER:
        return Severity.LOW
    return Severity.HIGH if reuse.kind is Kind.CHILDREN and reuse.exact else Severity.MEDIUM


def _moment(use: Use) -> dict[str, Any]:
    """What people settle; the number of the punch's row is not part of it, another import gives another one."""
    return {
        "photo_id": use.photo_id,
        "child_id": use.child_id,
        "institution_id": use.institution_id,
        "date": use.date.isoformat(),
        "time": use.happened_at.astimezone(SHANGHAI).strftime("%H:%M:%S"),
        "direction": use.direction,
    }


def _against(reuse: Reuse, children: list[int], born: Mapping[int, date]) -> Iterable[Against]:
    yield Against(
        "one_passage",
        False,
        f"另有 {reuse.repeated} 条打卡是同一次通过的重复上报, 已除外"
        if reuse.repeated
        else "不是同一次通过的重复上报: 间隔超过设定的分钟数",
    )
    if len(children) > 1:
        together = reuse.kind is Kind.TOGETHER
        yield Against(
            "same_frame",
            together,
            "同一台设备、间隔不超过设定的秒数, 可能同框"
            if together
            else "不在同一台设备的同一时刻, 不是同框",
        )
        twins = len({born[pk] for pk in children}) == 1
        yield Against(
            "twins",
            twins and not reuse.exact,
            "出生日期相同, 可能是双胞胎; 但各自的照片画面不会相同" if twins else "出生日期不同, 不是双胞胎",
        )


def _birth_dates(leads: Iterable[_Lead]) -> dict[int, date]:
    wanted = {use.child_id for lead in leads if lead.reuse.kind is not Kind.DAYS for use in lead.picture.uses}
    found: dict[int, date] = {}
    ids = sorted(wanted)
    for start in range(0, len(ids), 500):
        rows = Child.objects.filter(pk__in=ids[start : start + 500])
        found |= dict(rows.values_list("pk", "birth_date"))
    return found


def summary(evidence: Evidence) -> str:
    if evidence["kind"] == PORTRAIT:
        return f"{evidence['children']} 名婴幼儿的打卡反复使用各自同一张照片, 疑为登记照"
    uses = evidence["uses"]
    what = "文件相同" if evidence["exact"] else "画面相同"
    dates = days_text(sorted({use["date"] for use in uses}))
    who = f"{len(evidence['child_ids'])} 名婴幼儿" if len(evidence["child_ids"]) > 1 else "同一婴幼儿"
    return f"{who}的 {len(uses)} 条打卡用了同一张照片({what}): {dates}"


def lines(evidence: Evidence) -> list[str]:
    found = [_TEXTS[evidence["kind"]]]
    if evidence["kind"] == PORTRAIT:
        seen, children = evidence["children_with_photos"], evidence["children"]
        return [*found, f"有照片的 {seen} 名婴幼儿中有 {children} 名"]
    found.append(
        "照片文件逐字节相同, 相机不会拍出两张这样的照片"
        if evidence["exact"]
        else "照片经过重新压缩、缩放或裁剪, 逐块比对后画面相同"
    )
    found += [f"{use['date']} {use['time']} {_DIRECTIONS[use['direction']]}" for use in evidence["uses"][:12]]
    if len(evidence["uses"]) > 12:
        found.append(f"共 {len(evidence['uses'])} 条打卡")
    if evidence["earlier_month"]:
        found.append("其中有以往月份的打卡")
    return found


_DIRECTIONS = {"in": "入园", "out": "离园"}


def days(evidence: Evidence) -> list[EvidenceDay]:
    return list(
        dict.fromkeys(
            EvidenceDay(use["institution_id"], use["child_id"], use["date"])
            for use in evidence.get("uses", ())
        )
    )


REGISTERED = RegisteredRule(rule=RULE, find=find, summary=summary, lines=lines, days=days)
