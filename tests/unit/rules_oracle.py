"""An independent reading of the rules: one plain loop over calendar days, written from docs/scenarios.md.

It takes the raw JSON definition and rate rows, shares no code with the engine, and knows nothing of pieces, letters
or trees. It answers (reason, counted days, factor, amount) for one child-month.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from tests.unit.rules_oracle_days import Days, latest

ASK_FIRST = {
    "no_rate",
    "missing_household_order",
    "missing_registration",
    "missing_fee",
    "missing_places",
    "not_captured",
    "two_institutions",
}


class Oracle(Days):
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
