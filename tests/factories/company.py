"""The cast: two institutions in two townships, one without, and one person for every role."""

from __future__ import annotations

from dataclasses import dataclass

from backend.apps.accounts.models import User
from backend.apps.institutions.models import Institution, Region
from tests.factories.people import make_user
from tests.factories.places import COUNTY, make_county, make_institution


@dataclass(frozen=True)
class Cast:
    county: Region
    sanjiang: Region  # township of jasmine
    luoshan: Region  # township of bamboo (鹿山街道)
    jasmine: Institution  # 茉莉, 三江街道, level_1
    bamboo: Institution  # 青竹, 鹿山街道, ungraded
    nowhere: Institution  # 云朵, 乡镇街道待补
    operator_jasmine: User
    operator_bamboo: User
    town_sanjiang: User
    town_luoshan: User
    county_one: User
    county_two: User
    evaluator: User
    auditor: User
    leader: User
    system_admin: User
    security_admin: User
    audit_admin: User
    stranger: User  # reviewer of another county


def cast() -> Cast:
    county = make_county()
    other = make_county("330699000000", name="外县")
    sanjiang = Region.objects.get(code="330683002000")
    luoshan = Region.objects.get(code="330683003000")
    jasmine = make_institution(name="嵊州市茉莉托育中心", township=sanjiang, grade="level_1")
    bamboo = make_institution(name="嵊州市青竹幼儿园托育部", township=luoshan, grade="ungraded")
    nowhere = make_institution(name="嵊州市云朵托育中心", township=None, grade="level_3")

    def person(role: str, username: str, display_name: str, region_code: str = COUNTY) -> User:
        return make_user(role, username=username, display_name=display_name, region_code=region_code)

    return Cast(
        county=county,
        sanjiang=sanjiang,
        luoshan=luoshan,
        jasmine=jasmine,
        bamboo=bamboo,
        nowhere=nowhere,
        operator_jasmine=make_user(
            "institution_operator", institution=jasmine, username="cast_jasmine", display_name="李茉莉"
        ),
        operator_bamboo=make_user(
            "institution_operator", institution=bamboo, username="cast_bamboo", display_name="周青竹"
        ),
        town_sanjiang=person("township_reviewer", "cast_sanjiang", "王三江", sanjiang.code),
        town_luoshan=person("township_reviewer", "cast_luoshan", "吴鹿山", luoshan.code),
        county_one=person("county_reviewer", "cast_county1", "陈审核"),
        county_two=person("county_reviewer", "cast_county2", "沈复核"),
        evaluator=person("evaluator", "cast_evaluator", "赵评定"),
        auditor=person("auditor", "cast_auditor", "钱审计"),
        leader=person("leader", "cast_leader", "孙领导"),
        system_admin=person("system_admin", "cast_sysadmin", "系统管理员"),
        security_admin=person("security_admin", "cast_secadmin", "安全管理员"),
        audit_admin=person("audit_admin", "cast_auditadmin", "审计管理员"),
        stranger=person("county_reviewer", "cast_stranger", "外县审核", other.code),
    )
