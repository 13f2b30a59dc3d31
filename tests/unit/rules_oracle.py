"""An independent reading of the rules: one plain loop over calendar days, written from docs/scenarios.md.

It takes the raw JSON definition and rate rows, shares no code with the engine, and knows nothing of pieces, letters
or trees. It answers (reason, counted days, factor, amount) for one child-month.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache

ASK_FIRST = {
    "no_rate",
    "missing_household_order",
    "missing_registration",
    "missing_fee",
    "missing_places",
    "not_captured",
    "two_institutions",
}


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


class Oracle:
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

    # --- the month -----------------------------------------------------------------------------------
    def month(self, child):
        first, last = child.month.first_day, child.month.last_day
        days = [first + timedelta(n) for n in range((last - first).days + 1)]
        held = [d for d in days if self.segment_on(child, d)]
        counted = sum((self.weight(child, d) for d in held), Fraction(0))
        if not held:
            return "not_enrolled", Fraction(0), Fraction(0), Decimal("0.00")

        def nothing(reason):
            return reason, counted, Fraction(0), Decimal("0.00")

        bands = self.bands(child)
        standing = {d: self.rate(child, d, bands) for d in held}
        change = self.part("mid_month").get("change", "month_start")
        states = {d: self.state(child, d, standing[d]) for d in held}
        if change == "split":
            chosen = held
        else:
            chosen = [self.pick(change, held, standing, states)]
        for d in chosen:
            if standing[d][0] in ASK_FIRST:
                return nothing(standing[d][0])
        if all(standing[d][0] for d in chosen):
            return nothing(standing[chosen[0]][0])

        enrolled_only, reason = self.partial(child, days, held)
        if reason:
            return nothing(reason)
        required = child.institution.required_days
        if enrolled_only is not None:
            required = min(required, enrolled_only)
        silent = sum(1 for d in held if self.uncaptured(child, d))
        if self.part("attendance").get("not_captured") == "excused":
            required -= silent
        rule = self.d["factor"]
        by_required = rule.get("divisor", "required") == "required" and (
            rule["family"] in ("ratio", "threshold_days")
            or (rule["family"] == "tiers" and rule.get("of") == "ratio")
        )
        if by_required and required <= 0:
            return nothing(
                "not_captured" if child.institution.required_days > 0 and silent else "nothing_required"
            )
        widest = max(
            (d for d in chosen if standing[d][1] is not None),
            key=lambda d: sum(1 for x in held if states[x] == states[d]),
            default=chosen[0],
        )
        mode = self.segment_on(child, widest).care_mode
        factor = self.factor(child, counted, required, mode)

        money = Fraction(0)
        for d in chosen:
            if standing[d][1] is None:
                continue
            yearly = standing[d][1] / self.d.get("spread_months", 1)
            times = self.multiplied(child, d, standing[d][2])
            if times is None:
                return nothing("missing_fee")
            if change != "split":
                share = Fraction(1)
            elif counted:
                share = self.weight(child, d) / counted
            else:
                share = Fraction(1, len(chosen))
            money += yearly * times * factor * share
        unpaid = any(standing[d][1] is None for d in chosen)
        if factor >= 1:
            reason = "partial" if unpaid else "full"
        elif factor > 0:
            reason = "partial"
        elif counted == 0:
            reason = "no_days"
        else:
            reason = "window_not_met" if rule["family"] == "long_window" else "below_threshold"
        return self.capped(child, widest, money, reason, counted, factor)

    def state(self, child, d, standing):
        s = self.segment_on(child, d)
        return (
            s.class_type,
            s.care_mode,
            s.household_order,
            latest(child.institution.grades, d) or "ungraded",
            bool(latest(child.institution.affordable, d)),
            standing[1],
            standing[0],
        )

    def pick(self, change, held, standing, states):
        if change == "month_start":
            return held[0]
        if change == "month_end":
            return held[-1]
        if change == "most_days":
            return max(held, key=lambda d: (sum(1 for x in held if states[x] == states[d]), -d.toordinal()))
        paid = [d for d in held if standing[d][1] is not None]
        if not paid:
            return held[0]
        return (max if change == "higher" else min)(paid, key=lambda d: standing[d][1])

    def partial(self, child, days, held):
        rule = self.part("mid_month")
        kinds = child.institution.calendar.kinds
        missed = [d for d in days if d not in held and kinds[d.day - 1] in "wm"]
        early, late = [d for d in missed if d < held[0]], [d for d in missed if d > held[0]]
        if early and rule.get("entry") == "not_paid":
            return None, "entry_month"
        if late and rule.get("leaving") == "not_paid":
            return None, "leaving_month"
        if (early and rule.get("entry") == "enrolled_workdays") or (
            late and rule.get("leaving") == "enrolled_workdays"
        ):
            own = [d for d in held if kinds[d.day - 1] in "wm" and child.institution.feed[d.day - 1] != "x"]
            return len(own), ""
        return None, ""

    def factor(self, child, counted, required, mode):
        rule = self.d["factor"]
        family = rule["family"]
        divisor = rule.get("divisor", "required")
        if divisor == "required":
            divisor = required
        elif divisor == "workdays":
            divisor = sum(1 for k in child.institution.calendar.kinds if k in "wm")
        elif divisor == "calendar_days":
            divisor = len(child.institution.calendar.kinds)
        else:
            divisor = Fraction(str(divisor))
        if family == "threshold":
            return Fraction(1) if counted >= rule["days"] else Fraction(str(rule.get("below", 0)))
        if family == "threshold_days":
            return Fraction(1) if counted >= rule["days"] else min(counted / divisor, Fraction(1))
        if family == "ratio":
            found = counted / divisor
            return min(found, Fraction(1)) if rule.get("capped", True) else found
        if family == "tiers":
            value = counted if rule.get("of", "days") == "days" else counted / divisor
            found = Fraction(0)
            for step in rule["steps"]:
                if value >= Fraction(str(step["from"])):
                    found = Fraction(str(step["factor"]))
            return found
        if family == "month_count":
            return Fraction(1 if counted >= rule.get("days", 1) else 0)
        modes = rule.get("care_modes")
        good = [
            Fraction(p.counted_days)
            for p in self.earlier(child, rule["window"])
            if p.counted_days >= rule.get("days", 1) and (modes is None or p.care_mode in modes)
        ]
        if counted >= rule.get("days", 1) and (modes is None or mode in modes):
            good.append(counted)
        if len(good) < rule["months"]:
            return Fraction(0)
        return Fraction(1 if sum(good) / len(good) >= Fraction(str(rule.get("average", 0))) else 0)

    def earlier(self, child, window):
        now = child.month

        def key(m):
            if window == "calendar_year":
                return m.year
            if window == "school_year":
                return m.year if m.month > 8 else m.year - 1
            if window == "half_year":
                return m.year, m.month > 6
            starts = self.part("caps").get("term_starts", [3, 9])
            at = [
                12 * y + s
                for y in (m.year - 1, m.year)
                for s in starts
                if 12 * y + s <= 12 * m.year + m.month
            ]
            return max(at)

        return [
            p
            for p in child.past
            if (p.month.year, p.month.month) < (now.year, now.month) and key(p.month) == key(now)
        ]

    def multiplied(self, child, d, band):
        segment = self.segment_on(child, d)
        times = Fraction(1)
        for m in self.d.get("multipliers", []):
            order = segment.household_order
            have = {
                "care_mode": segment.care_mode,
                "age_band": band,
                "setting": child.institution.setting,
            }
            if m["axis"] == "household_order":
                v = m["value"]
                fits = order is not None and (order >= int(v[:-1]) if v[-1] == "+" else order == int(v))
            else:
                fits = have[m["axis"]] == m["value"]
            if not fits:
                continue
            if m["factor"] == "fee_ratio":
                own, whole = self.charged(child, d), self.listed_fee(child, "full_day", d)
                if own is None or not whole:
                    return None
                times *= Fraction(own) / Fraction(whole)
            else:
                times *= Fraction(str(m["factor"]))
        return times

    def listed_fee(self, child, mode, day):
        return latest([(f.starts_on, f.amount) for f in child.institution.fees if f.care_mode == mode], day)

    def charged(self, child, day):
        """What this child pays: its own fee, else the institution's for its care mode."""
        segment = self.segment_on(child, day)
        own = segment.monthly_fee
        return self.listed_fee(child, segment.care_mode, day) if own is None else own

    def capped(self, child, widest, money, reason, counted, factor):
        caps = self.part("caps")
        paid_year = self.earlier(child, caps.get("year", "calendar_year"))
        limits = []
        if "amount_per_month" in caps:
            limits.append(("capped_month", Fraction(str(caps["amount_per_month"]))))
        if "fee" in caps:
            fee = self.charged(child, widest)
            if fee is None:
                return "missing_fee", counted, Fraction(0), Decimal("0.00")
            limits.append(("capped_fee", Fraction(fee) * Fraction(str(caps["fee"]))))
        if "amount_per_term" in caps:
            used = sum((Fraction(p.paid) for p in self.earlier(child, "term")), Fraction(0))
            limits.append(("capped_term", max(Fraction(str(caps["amount_per_term"])) - used, Fraction(0))))
        if "amount_per_year" in caps:
            used = sum((Fraction(p.paid) for p in paid_year), Fraction(0))
            limits.append(("capped_year", max(Fraction(str(caps["amount_per_year"])) - used, Fraction(0))))
        for name, limit in limits:
            if limit < money:
                money, reason = limit, name
        paid_months = sum(1 for p in paid_year if p.paid > 0)
        if money > 0 and paid_months >= caps.get("months_per_year", 99):
            money, reason = Fraction(0), "cap_months"
        rule = self.d["factor"]
        once = rule["window"] if rule["family"] == "long_window" else None
        if once is None and self.d.get("spread_months", 1) == 1:
            unit = self.d.get("unit", "child_month")
            once = {"child_term": "term", "child_year": caps.get("year", "calendar_year")}.get(unit)
        if once is not None and reason != "cap_months":
            if rule.get("settle_month") not in (None, child.month.month):
                money, reason = Fraction(0), "not_settlement_month"
            elif any(p.paid > 0 for p in self.earlier(child, once)):
                money, reason = Fraction(0), "paid_in_window"
        return reason, counted, factor, self.rounded(money)

    def rounded(self, money):
        rule = self.part("rounding")
        unit = Fraction(rule.get("unit", "0.01"))
        steps = money / unit
        mode = rule.get("mode", "half_up")
        if mode == "half_up":
            # 60 digits hold every half exactly that these rules can make.
            whole = int(
                (Decimal(steps.numerator * 10**40 // steps.denominator) / Decimal(10**40)).quantize(
                    Decimal(1), rounding=ROUND_HALF_UP
                )
            )
        else:
            whole = steps.numerator // steps.denominator
            if mode == "up" and whole != steps:
                whole += 1
        return Decimal(int(whole * unit * 100)) / Decimal(100)
