"""Finding an institution by what a file says about it: name, alias, credit code."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from backend.apps.institutions.models import Institution


class InstitutionUnclear(ValueError):
    """None or more than one institution answers; the message is a Chinese reason."""


def name_key(name: str) -> str:
    """Names compare without width, blanks and the shape of brackets.

    >>> name_key("嵊州市 茉莉（东园）") == name_key("嵊州市茉莉(东园)")
    True
    """
    return "".join(unicodedata.normalize("NFKC", name).split())


class InstitutionDirectory:
    """Institutions of one county, read once. Campuses share a credit code, so a code alone may be ambiguous."""

    def __init__(self, rows: Iterable[tuple[int, str, str, str]]) -> None:
        self._names: dict[int, str] = {}
        self._codes: dict[int, str] = {}
        self._by_name: dict[str, set[int]] = defaultdict(set)
        self._by_alias: dict[str, set[int]] = defaultdict(set)
        self._by_code: dict[str, set[int]] = defaultdict(set)
        for pk, name, alias, credit_code in rows:
            self._names[pk], self._codes[pk] = name, credit_code
            self._by_name[name_key(name)].add(pk)
            if alias:
                self._by_alias[name_key(alias)].add(pk)
            if credit_code:
                self._by_code[credit_code].add(pk)

    def find(self, *, name: str, credit_code: str = "") -> int:
        """Id of the institution; either of the two may be empty, not both."""
        if not name and not credit_code:
            raise InstitutionUnclear("机构名称和统一社会信用代码至少填一项")
        if name:
            key = name_key(name)
            named = self._by_name.get(key) or self._by_alias.get(key)
            if not named:
                raise InstitutionUnclear("本县(市、区)没有登记这家机构")
            if credit_code:
                both = {pk for pk in named if self._codes[pk] in (credit_code, "")}
                if not both:
                    raise InstitutionUnclear("机构名称与统一社会信用代码对不上, 请核对")
                named = {pk for pk in both if self._codes[pk] == credit_code} or both
            if len(named) > 1:
                raise InstitutionUnclear(f"有 {len(named)} 家机构同名, 请加填统一社会信用代码")
            return next(iter(named))
        coded = self._by_code.get(credit_code)
        if not coded:
            raise InstitutionUnclear("本县(市、区)没有使用这个统一社会信用代码的机构")
        if len(coded) > 1:
            raise InstitutionUnclear(f"这个统一社会信用代码下有 {len(coded)} 家机构(园区), 请加填机构名称")
        return next(iter(coded))

    def name_of(self, pk: int) -> str:
        return self._names[pk]


def institution_directory(*, county_code: str) -> InstitutionDirectory:
    """All institutions of a county, closed ones included: their past months still arrive."""
    return InstitutionDirectory(
        Institution.objects.filter(county_id=county_code).values_list("pk", "name", "alias", "credit_code")
    )
