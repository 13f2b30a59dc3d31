"""The independent reading, first half: what one day is worth, and how a child stands on it. See rules_oracle."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from fractions import Fraction
from functools import cache


@cache
def months_old(birth: date, day: date) -> int:
    count = 0
    while True:
        ahead = count + 1
        year, month = birth.year + (birth.month - 1 + ahead) // 12, (birth.month - 1 + ahead) % 12 + 1
        reached = date(year, month, min(birth.day, calendar.monthrange(year, month)[1]))
        if reached > day:
            return count if birth <= day else -1
        count = ahead


def latest(rows, day):
    value = None
    for start, found in rows:
        if start <= day:
            value = found
    return value


class Days:
    def __init__(self, definition, rates):
        self.d = definition
        self.rates = rates

    def part(self, name):
        return self.d.get(name) or {}

    # --- one day -------------------------------------------------------------------------------------
    def segment_on(self, child, day):
        held = None
        for s in sorted(child.segments, key=lambda s: s.starts_on):
            if s.starts_on <= day and (s.ends_on is None or day <= s.ends_on):
                held = s
        closed = child.institution.closed_on
        return None if closed is not None and day >= closed else held

    def weight(self, child, day):
        """How much a day counts: 0, a half or 1."""
        rule = self.part("attendance")
        basis = rule.get("basis", "attended_workdays")
        segment = self.segment_on(child, day)
        if segment is None or day.day in child.withheld_days:
            return Fraction(0)
        kind = child.institution.calendar.kinds[day.day - 1]
        feed = child.institution.feed[day.day - 1]
        if basis == "enrolled_days":
            return Fraction(1)
        works = kind in "wm"
        if basis == "enrolled_workdays":
            return Fraction(1 if works and (feed != "x") else 0)
        fact = next((f for f in child.days if f.day == day.day), None)
        if not works:
            if basis != "attended_days" or fact is None:
                return Fraction(0)
            return Fraction(1) if self.stay_weight(fact, segment, rule) > 0 else Fraction(0)
        if feed == "x":
            return Fraction(0)
        if fact is not None and fact.correction:
            return Fraction(1 if fact.correction == "present" else 0)
        if fact is None or fact.in_count + fact.out_count == 0:
            return Fraction(1 if feed == "s" and rule.get("not_captured") == "counted" else 0)
        return self.stay_weight(fact, segment, rule)

    def stay_weight(self, fact, segment, rule):
        if rule.get("manual", True) is False and fact.manual_count >= fact.in_count + fact.out_count:
            return Fraction(0)
        limits = (rule.get("stay") or {}).get(segment.care_mode)
        pair = fact.in_count > 0 and fact.out_count > 0
        ordered = (
            pair and fact.first_in is not None and fact.last_out is not None and fact.last_out > fact.first_in
        )
        if limits is None:
            if ordered or rule.get("evidence") == "any_punch":
                return Fraction(1)
            return Fraction(0)
        if not ordered:
            return Fraction(0)
        minutes = fact.last_out - fact.first_in
        if minutes >= limits["full_minutes"]:
            return Fraction(1)
        if limits.get("half_minutes") and minutes >= limits["half_minutes"]:
            return Fraction(1, 2)
        return Fraction(0)

    def uncaptured(self, child, day):
        if self.segment_on(child, day) is None or day.day in child.withheld_days:
            return False
        if child.institution.calendar.kinds[day.day - 1] not in "wm":
            return False
        if child.institution.feed[day.day - 1] != "s":
            return False
        fact = next((f for f in child.days if f.day == day.day), None)
        return fact is None or (not fact.correction and fact.in_count + fact.out_count == 0)

    # --- standing on one day -------------------------------------------------------------------------
    def refused(self, child, day):
        rule, segment = self.part("eligibility"), self.segment_on(child, day)
        inst = child.institution
        grade = latest(inst.grades, day) or "ungraded"
        affordable = bool(latest(inst.affordable, day))
        if "grades" in rule and grade not in rule["grades"]:
            return "grade_not_eligible"
        if "settings" in rule and inst.setting not in rule["settings"]:
            return "setting_not_eligible"
        if "affordable" in rule and affordable != rule["affordable"]:
            return "affordable_not_eligible"
        if "class_types" in rule and segment.class_type not in rule["class_types"]:
            return "class_not_eligible"
        if "care_modes" in rule and segment.care_mode not in rule["care_modes"]:
            return "care_mode_not_eligible"
        if "age" in rule and not self.age_fits(child, rule["age"]):
            return "age_not_eligible"
        if "household_order_from" in rule:
            if segment.household_order is None:
                return "missing_household_order"
            if segment.household_order < rule["household_order_from"]:
                return "household_order_not_eligible"
        if "local_registration" in rule:
            if child.local_registration is None:
                return "missing_registration"
            if child.local_registration != rule["local_registration"]:
                return "registration_not_eligible"
        return ""

    def age_fits(self, child, rule):
        low = rule.get("from_months", 0) + (0 if rule.get("from_inclusive", True) else 1)
        high = rule["to_months"] + (1 if rule.get("to_inclusive", False) else 0)
        first, last = child.month.first_day, child.month.last_day
        default = self.part("ages").get("measured", "month_start")
        measured = rule.get("measured", "any_day" if default == "higher" else default)
        days = {"month_start": [first], "month_end": [last]}.get(measured) or [
            first + timedelta(n) for n in range((last - first).days + 1)
        ]
        return any(low <= months_old(child.birth_date, d) < high for d in days)

    def bands(self, child):
        rows = self.part("ages").get("bands", [])
        first, last = child.month.first_day, child.month.last_day
        measured = self.part("ages").get("measured", "month_start")

        def band(day):
            age = months_old(child.birth_date, day)
            for row in rows:
                low = row.get("from_months") + (0 if row.get("from_inclusive", True) else 1)
                high = row.get("to_months", 216) + (1 if row.get("to_inclusive", False) else 0)
                if low <= age < high:
                    return row["code"]
            return None

        if measured == "month_start":
            return [band(first)]
        if measured == "month_end":
            return [band(last)]
        touched = []
        for n in range((last - first).days + 1):
            code = band(first + timedelta(n))
            if code is not None and code not in touched:
                touched.append(code)
        if measured == "any_day":
            return touched[:1] or [None]
        return touched or [None]

    def rate(self, child, day, bands):
        """(reason, amount) of the best standard on a day."""
        reason = self.refused(child, day)
        if reason:
            return reason, None, None
        ends_on = self.d.get("ends_on")
        if ends_on is not None and day > date.fromisoformat(ends_on):
            return "scheme_ended", None, None
        segment = self.segment_on(child, day)
        if "household_order" in self.d["axes"] and segment.household_order is None:
            return "missing_household_order", None, None
        if "local_registration" in self.d["axes"] and child.local_registration is None:
            return "missing_registration", None, None
        size = None
        if "size_band" in self.d["axes"]:
            if not child.institution.places:
                return "missing_places", None, None
            total = sum(p.approved for p in child.institution.places)
            for row in self.d["sizes"]["bands"]:
                if row["from_places"] <= total < row["to_places"]:
                    size = row["code"]
            if size is None:
                return "size_not_eligible", None, None
        best = ("no_rate", None, None)
        for band in bands:
            have = {
                "grade": latest(child.institution.grades, day) or "ungraded",
                "class_type": segment.class_type,
                "care_mode": segment.care_mode,
                "age_band": band,
                "setting": child.institution.setting,
                "affordable": "yes" if latest(child.institution.affordable, day) else "no",
                "local_registration": "yes" if child.local_registration else "no",
                "size_band": size,
            }
            fitting = []
            for row in self.rates:
                if date.fromisoformat(row["starts_on"]) > day:
                    continue
                closeness = 0
                for axis, value in row["keys"].items():
                    if axis == "household_order":
                        n = segment.household_order
                        if value == "*":
                            closeness = 1
                        elif value == str(n):
                            closeness = 100
                        elif value.endswith("+") and n >= int(value[:-1]):
                            closeness = int(value[:-1])
                        else:
                            break
                    elif value != "*" and value != have[axis]:
                        break
                else:
                    fitting.append((closeness, row["starts_on"], row["amount"]))
            if not fitting:
                continue
            amount = max(fitting, key=lambda f: f[:2])[2]
            found = ("rate_abolished", None, band) if amount is None else ("", Fraction(str(amount)), band)
            if best[0] == "no_rate" or (found[1] or 0) > (best[1] or 0):
                best = found
        return best
