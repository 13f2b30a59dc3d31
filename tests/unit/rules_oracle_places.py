"""The independent reading for schemes that pay the institution: one plain loop over its days. See rules_oracle."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from tests.unit.rules_oracle import Oracle
from tests.unit.rules_oracle_days import latest


class PlacesOracle(Oracle):
    def institution_month(self, inst):
        """(reason, open days, factor, amount)"""
        first, last = inst.month.first_day, inst.month.last_day
        days = [first + timedelta(n) for n in range((last - first).days + 1)]
        runs = [
            d
            for d in days
            if (inst.filed_on is None or d >= inst.filed_on)
            and (inst.closed_on is None or d < inst.closed_on)
        ]
        opened = [d for d in runs if self.is_open(inst, d)]
        if not runs:
            return "not_operating", len(opened), Fraction(0), Fraction(0)
        value = {d: self.worth(inst, d) for d in runs}
        change = self.part("mid_month").get("change", "month_start")
        chosen = runs if change == "split" else [self.pick_day(change, runs, value)]
        for d in chosen:
            if value[d][0] in ("no_rate", "missing_places"):
                return value[d][0], len(opened), Fraction(0), Fraction(0)
        if all(value[d][0] for d in chosen):
            return value[chosen[0]][0], len(opened), Fraction(0), Fraction(0)
        factor = Fraction(1)
        if self.d["factor"]["family"] == "operating_time":
            works = sum(1 for k in inst.calendar.kinds if k in "wm")
            if self.silence() == "excused":
                works -= sum(
                    1 for d in runs if inst.calendar.kinds[d.day - 1] in "wm" and inst.feed[d.day - 1] == "s"
                )
            factor = min(Fraction(len(opened), works), Fraction(1)) if works > 0 else Fraction(0)
        if change != "split":
            money = value[chosen[0]][1]
        elif opened:
            money = sum((value[d][1] for d in opened), Fraction(0)) / len(opened)
        else:
            money = sum((value[d][1] for d in runs), Fraction(0)) / len(runs)
        money *= factor / self.d.get("spread_months", 1)
        reason = "full" if factor == 1 else "partial" if factor else "no_days"
        if reason == "full" and any(value[d][0] for d in chosen):
            reason = "partial"
        cap = self.part("caps").get("amount_per_month")
        if cap is not None and money > cap:
            money, reason = Fraction(cap), "capped_month"
        return reason, len(opened), factor, Fraction(self.rounded(money))

    def silence(self):
        return self.part("attendance").get("not_captured", "counted")

    def is_open(self, inst, d):
        kind, feed = inst.calendar.kinds[d.day - 1], inst.feed[d.day - 1]
        return kind in "wm" and (feed == "c" or (feed == "s" and self.silence() == "counted"))

    def worth(self, inst, d):
        """(reason, yuan of a whole month or year) as it stands on one day."""
        rule, unit = self.part("eligibility"), self.d["unit"]
        grade = latest(inst.grades, d) or "ungraded"
        affordable = bool(latest(inst.affordable, d))
        if "ends_on" in self.d and d > date.fromisoformat(self.d["ends_on"]):
            return "scheme_ended", Fraction(0)
        if "grades" in rule and grade not in rule["grades"]:
            return "grade_not_eligible", Fraction(0)
        if "affordable" in rule and affordable != rule["affordable"]:
            return "affordable_not_eligible", Fraction(0)
        listed = latest(inst.place_changes, d) or inst.places
        which = self.part("caps").get("places", "approved")
        places = {p.class_type: getattr(p, which) for p in listed}
        total = sum(places.values())
        if not listed and (unit != "flat_year" or "size_band" in self.d["axes"]):
            return "missing_places", Fraction(0)
        size = next(
            (
                b["code"]
                for b in self.part("sizes").get("bands", [])
                if b["from_places"] <= total < b["to_places"]
            ),
            None,
        )
        if "size_band" in self.d["axes"] and size is None:
            return "size_not_eligible", Fraction(0)
        if unit != "flat_year" and not total:
            return "no_places", Fraction(0)
        groups = places if "class_type" in self.d["axes"] else {None: total}
        sums, abolished = Fraction(0), True
        for class_type, number in groups.items():
            if unit == "flat_year":
                number = 1
            elif not number:
                continue
            have = {
                "grade": grade,
                "class_type": class_type,
                "setting": inst.setting,
                "affordable": "yes" if affordable else "no",
                "size_band": size,
            }
            fitting = [
                (row["starts_on"], row["amount"])
                for row in self.rates
                if date.fromisoformat(row["starts_on"]) <= d
                and all(value in ("*", have[axis]) for axis, value in row["keys"].items())
            ]
            if not fitting:
                return "no_rate", Fraction(0)
            amount = max(fitting)[1] if len({f[0] for f in fitting}) == len(fitting) else None
            if amount is not None:
                sums, abolished = sums + Fraction(str(amount)) * number, False
        return ("rate_abolished", Fraction(0)) if abolished else ("", sums)

    def pick_day(self, change, runs, value):
        if change == "month_start":
            return runs[0]
        if change == "month_end":
            return runs[-1]
        if change in ("higher", "lower"):
            paid = [d for d in runs if not value[d][0]] or runs[:1]
            return (max if change == "higher" else min)(paid, key=lambda d: value[d][1])
        raise NotImplementedError(change)
