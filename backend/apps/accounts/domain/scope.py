"""Scope: which regions and institutions a person's roles reach."""

from __future__ import annotations

from dataclasses import dataclass

COUNTY_DIGITS, TOWNSHIP_DIGITS = 6, 9


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows somebody may see. Codes are 12 digits; a county covers its townships, a city or province its counties."""

    county_codes: frozenset[str] = frozenset()
    township_codes: frozenset[str] = frozenset()
    institution_ids: frozenset[int] = frozenset()
    wider_prefixes: frozenset[str] = frozenset()  # city (4 digits) and province (2 digits)

    def covers_county(self, county_code: str) -> bool:
        return county_code in self.county_codes or any(county_code.startswith(p) for p in self.wider_prefixes)

    def covers(self, *, county_code: str, township_code: str | None, institution_id: int) -> bool:
        return (
            self.covers_county(county_code)
            or (township_code is not None and township_code in self.township_codes)
            or institution_id in self.institution_ids
        )

    @classmethod
    def of_codes(cls, codes: list[str], institution_ids: list[int]) -> Scope:
        """From the region codes of somebody's assignments.

        >>> Scope.of_codes(["330683000000"], []).covers_county("330683000000")
        True
        """
        counties, townships, wider = set(), set(), set()
        for code in codes:
            if code[COUNTY_DIGITS:] == "000000":
                if code[4:6] == "00":
                    wider.add(code[:2] if code[2:4] == "00" else code[:4])
                else:
                    counties.add(code)
            else:
                townships.add(code[:TOWNSHIP_DIGITS] + "000")
        return cls(
            frozenset(counties),
            frozenset(townships),
            frozenset(institution_ids),
            frozenset(wider),
        )
