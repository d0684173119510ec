# SPDX-License-Identifier: AGPL-3.0-or-later
"""How well the forecast of a year's cost does, against two methods that need no program, over simulated funds.

  ruler  what was spent, extended at the same pace to the year's end
  plan   what was spent, and the rest of the plan

The forecast is the product's own code. Each fund is looked at after 3, 6 and 9 months and on one day drawn at
random. `error` is the mean of |forecast - cost| / cost of the year; `inside` how many years end within the interval
that should hold 80 %, `below` how many end beneath it; `width` the interval's mean width against the year's cost.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys

import funds

MONTHS = (3, 6, 9)
ANY_DAY = "any"
LEAST_INSIDE, MOST_INSIDE = 75, 85  # percent
WHOLE = "whole"


@dataclasses.dataclass(frozen=True)
class Outcome:
    kind: str
    known: str  # months, or ANY_DAY
    cost: int  # what the year cost, in cents
    forecast: dict[str, object]
    ruler: float
    plan: float

    def error(self, estimate: float) -> float:
        return 100 * abs(estimate - self.cost) / self.cost


@dataclasses.dataclass(frozen=True)
class Row:
    """What is printed of the outcomes of one kind at one time, in percent."""

    kind: str
    known: str
    ours: float
    ruler: float
    plan: float
    inside: float
    below: float
    width: float

    def faults(self) -> list[str]:
        """The goals that are missed; only the whole has goals."""
        if self.kind != WHOLE or self.known == ANY_DAY:
            return []
        faults = [f"the error is not below that of the {name}" for name in ("ruler", "plan") if self.ours >= getattr(self, name)]
        if not LEAST_INSIDE <= self.inside <= MOST_INSIDE:
            faults.append(f"{self.inside:.1f} % of the years are within the interval, not {LEAST_INSIDE} to {MOST_INSIDE}")
        return [f"{self.known} months: {fault}" for fault in faults]


def simulate(driver: pathlib.Path, seed: str, count: int) -> list[Outcome]:
    times, cases = [], []
    for kind in funds.KINDS:
        for number in range(count):
            fund = funds.make_fund(kind, seed, number)
            if funds.year_cost(fund) == 0:
                continue  # nothing to compare with
            days = {str(months): fund.month_start(months) for months in MONTHS}
            days[ANY_DAY] = fund.chance.randrange(fund.month_start(0) + 1, fund.end)
            for known, today in days.items():
                times.append((fund, known, today))
                cases.append(json.dumps(funds.case(fund, today)))
    answers = subprocess.run([driver], input="\n".join(cases), capture_output=True, text=True, check=False, timeout=300)
    if answers.returncode != 0:
        sys.exit(answers.stderr)
    outcomes = []
    for (fund, known, today), answer in zip(times, answers.stdout.splitlines(), strict=True):
        spent, start = funds.spent_before(fund, today), fund.month_start(0)
        # As people reckon: by months, where months are whole.
        gone = int(known) / 12 if known != ANY_DAY else (today - start) / (fund.end - start)
        left = funds.planned_after(fund, today) if fund.plan else fund.budget * (1 - gone)
        outcomes.append(Outcome(fund.kind, known, funds.year_cost(fund), json.loads(answer), spent / gone, spent + left))
    return outcomes


def row_of(kind: str, known: str, outcomes: list[Outcome]) -> Row:
    def mean(value) -> float:
        return statistics.fmean(value(each) for each in outcomes)

    return Row(
        kind,
        known,
        ours=mean(lambda each: each.error(each.forecast["middle"])),
        ruler=mean(lambda each: each.error(each.ruler)),
        plan=mean(lambda each: each.error(each.plan)),
        inside=100 * mean(lambda each: each.forecast["low"] <= each.cost <= each.forecast["high"]),
        below=100 * mean(lambda each: each.cost < each.forecast["low"]),
        width=100 * mean(lambda each: (each.forecast["high"] - each.forecast["low"]) / each.cost),
    )


def rows_of(outcomes: list[Outcome]) -> list[Row]:
    rows = []
    for kind in [kind.__name__ for kind in funds.KINDS] + [WHOLE]:
        for known in [str(months) for months in MONTHS] + [ANY_DAY]:
            chosen = [each for each in outcomes if kind in (each.kind, WHOLE) and each.known == known]
            rows.append(row_of(kind, known, chosen))
    return rows


def print_table(rows: list[Row]) -> None:
    print(f"{'':<22} {'error, %':^20}   {'80 % interval, %':^20}")
    print(f"{'kind':<14} {'months':>7} {'ours':>6} {'ruler':>6} {'plan':>6}   {'inside':>6} {'below':>6} {'width':>6}")
    kind = ""
    for row in rows:
        if row.kind != kind:
            print("─" * 66)
        print(f"{row.kind if row.kind != kind else '':<14} {row.known:>7} {row.ours:6.1f} {row.ruler:6.1f} {row.plan:6.1f}   "
              f"{row.inside:6.1f} {row.below:6.1f} {row.width:6.1f}")
        kind = row.kind


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--funds", type=int, default=400, help="of each kind (default 400)")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here, too")
    arguments = parser.parse_args()
    rows = rows_of(simulate(arguments.build.resolve() / "bench/forecast_years", arguments.seed, arguments.funds))
    print_table(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))
    faults = [fault for row in rows for fault in row.faults()]
    for fault in faults:
        print(f"missed: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
