#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tests of the simulated funds and of the table made from them."""
import json
import unittest

import forecast
import funds


def some(count=6):
    return [funds.make_fund(kind, "test", number) for kind in funds.KINDS for number in range(count)]


class Funds(unittest.TestCase):
    def test_are_the_same_for_the_same_seed(self):
        for kind in funds.KINDS:
            one, two, other = (funds.make_fund(kind, seed, 3) for seed in ("a", "a", "b"))
            self.assertEqual(json.dumps(funds.case(one, one.month_start(6))), json.dumps(funds.case(two, two.month_start(6))))
            self.assertNotEqual(one.work, other.work)

    def test_never_use_more_of_an_engagement_than_was_engaged(self):
        used = 0
        for fund in some():
            for engagement in fund.engagements:
                self.assertLessEqual(sum(work.cents for work in engagement.worked), engagement.cents)
                self.assertTrue(all(work.day >= engagement.accepted for work in engagement.worked))
                used += len(engagement.worked)
        self.assertGreater(used, 100)

    def test_tell_of_a_day_what_adds_up_to_what_was_spent_before(self):
        for fund in some():
            for today in (fund.month_start(0), fund.month_start(3), fund.month_start(7) + 11, fund.end):
                case = funds.case(fund, today)
                first = f"{fund.year:04}-{fund.first_month:02}"
                told = sum(month[part] for month in case["spent"] if month["month"] >= first
                           for part in ("ordinary_cents", "engaged_cents", "recurring_cents"))
                self.assertEqual(told, funds.spent_before(fund, today), fund.kind)
                self.assertTrue(all(due["day"] >= case["today"] for due in case["due"]))
                self.assertTrue(all(engagement["left_cents"] > 0 for engagement in case["engagements"]))

    def test_plans_add_up_to_the_budget(self):
        planned = [fund for fund in some(30) if fund.plan]
        self.assertGreater(len(planned), 3)
        for fund in planned:
            self.assertEqual(sum(fund.plan), fund.budget)
            self.assertAlmostEqual(funds.planned_after(fund, fund.month_start(4)), sum(fund.plan[4:]))

    def test_are_as_their_kinds_say(self):
        late = [funds.make_fund(funds.late_start, "test", number) for number in range(20)]
        self.assertTrue(all(funds.spent_before(fund, fund.month_start(2)) == 0 for fund in late))
        stopped = [funds.make_fund(funds.stops, "test", number) for number in range(40)]
        self.assertTrue(any(funds.spent_before(fund, fund.month_start(10)) == funds.spent_before(fund, fund.end) > 0 for fund in stopped))


class Table(unittest.TestCase):
    @staticmethod
    def outcome(cost, low, middle, high, ruler=100.0, plan=100.0, known="3"):
        return forecast.Outcome("steady", known, cost, {"low": low, "middle": middle, "high": high}, ruler, plan)

    def test_counts_errors_and_intervals(self):
        row = forecast.row_of("steady", "3", [self.outcome(100, 90, 110, 120), self.outcome(100, 101, 120, 130), self.outcome(100, 60, 70, 99)])
        self.assertAlmostEqual(row.ours, 20)
        self.assertAlmostEqual(row.ruler, 0)
        self.assertAlmostEqual(row.inside, 100 / 3)
        self.assertAlmostEqual(row.below, 100 / 3)
        self.assertAlmostEqual(row.width, 98 / 3)

    def test_names_each_goal_that_is_missed(self):
        good = forecast.Row(forecast.WHOLE, "6", ours=10, ruler=11, plan=12, inside=80, below=10, width=50)
        self.assertEqual(good.faults(), [])
        for change in ({"ruler": 10}, {"plan": 9}, {"inside": 74.9}, {"inside": 85.1}):
            row = forecast.Row(**{**good.__dict__, **change})
            self.assertEqual(len(row.faults()), 1, change)
            self.assertEqual(forecast.Row(**{**row.__dict__, "kind": "steady"}).faults(), [])


if __name__ == "__main__":
    unittest.main()
