# SPDX-License-Identifier: AGPL-3.0-or-later
"""Simulated funds: hours of a co-op's work on a lab's servers, day by day, paid from a yearly budget.

Each kind of fund stands for something that laboratories live through; its docstring says what and why it is hard
to forecast. Nothing here knows the product's method: work arrives as sessions, quotes and incidents, not as months.
The sizes (hours a week, hours a feature) are assumptions, drawn anew for each fund within wide bounds.
"""
from __future__ import annotations

import dataclasses
import datetime
import math
import random
from collections.abc import Callable

CENTS_PER_HOUR = 12_832  # 120 $ with taxes, less a university's rebates
SHORTEST_SESSION = 15  # minutes


@dataclasses.dataclass(frozen=True)
class Work:
    day: int  # as datetime.date.toordinal() counts
    cents: int
    engagement: int | None = None  # the one that it consumes


@dataclasses.dataclass
class Engagement:
    accepted: int
    cents: int
    until: int | None  # as the quote says; many say nothing
    closed: int = 0  # the day on which what is left of it was voided
    worked: list[Work] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Fund:
    kind: str
    first_month: int
    year: int  # the fiscal year to forecast, named by the calendar year in which it starts
    first_day: int  # of the ledger, which may know earlier years
    chance: random.Random
    usual_hours: float = 0  # of a year, as whoever asks for a budget can know them
    begins: int = 0  # no work before this day
    work: list[Work] = dataclasses.field(default_factory=list)
    engagements: list[Engagement] = dataclasses.field(default_factory=list)
    costs: list[tuple[int, int]] = dataclasses.field(default_factory=list)  # day and cents, known long before
    budget: int = 0
    plan: list[int] | None = None  # cents of each month; None: equal ones

    def month_start(self, number: int) -> int:
        """The first day of the fiscal year's month; 12 is the next year's first, -12 the one before's."""
        months = self.year * 12 + self.first_month - 1 + number
        return datetime.date(months // 12, months % 12 + 1, 1).toordinal()

    @property
    def end(self) -> int:
        return self.month_start(12)

    def add(self, day: int, minutes: float, engagement: int | None = None) -> int:
        """One session, in whole quarters of an hour; its cents."""
        if not self.begins <= day < self.end:
            return 0
        quarters = max(1, round(minutes / SHORTEST_SESSION))
        work = Work(day, round(quarters * SHORTEST_SESSION * CENTS_PER_HOUR / 60), engagement)
        self.work.append(work)
        if engagement is not None:
            self.engagements[engagement].worked.append(work)
        return work.cents


# --- what work comes from -------------------------------------------------------------------------

Factor = Callable[[int], float]  # how much of the usual happens on a day


def log_normal(chance: random.Random, median: float, sigma: float) -> float:
    return median * math.exp(chance.gauss(0, sigma))


def log_normal_mean(median: float, sigma: float) -> float:
    return median * math.exp(sigma * sigma / 2)


def poisson_days(chance: random.Random, first: int, end: int, a_year: float, factor: Factor) -> list[int]:
    """Days on which something arrives, by thinning; the factor stays below 3."""
    days, day = [], float(first)
    while a_year > 0:
        day += chance.expovariate(3 * a_year / 365.25)
        if day >= end:
            break
        if chance.random() < factor(int(day)) / 3:
            days.append(int(day))
    return days


def usual(_day: int) -> float:
    return 1.0


def maintain(fund: Fund, hours_a_week: float, factor: Factor = usual) -> None:
    """Updates, questions, small repairs: sessions of half an hour to some hours."""
    minutes, sigma = 75, 0.7
    a_year = hours_a_week * 60 * 52.18 / log_normal_mean(minutes, sigma)
    for day in poisson_days(fund.chance, fund.first_day, fund.end, a_year, factor):
        fund.add(day, min(600, log_normal(fund.chance, minutes, sigma)))
    fund.usual_hours += hours_a_week * 52.18


def develop(fund: Fund, a_year: float, median_hours: float, factor: Factor = usual) -> None:
    """Features by quotes. A third is agreed upon without one that the ledger knows; the quote is off by a fifth
    or so; work starts within some weeks, goes on for some, and may overrun or leave a rest that is voided."""
    chance, sigma = fund.chance, 0.7
    for day in poisson_days(chance, fund.first_day - 90, fund.end, a_year, factor):
        hours = log_normal(chance, median_hours, sigma)
        start = day + chance.randrange(0, 40)
        length = round(10 + chance.uniform(1, 3) * hours)
        left, number = 0, None
        if chance.random() < 0.67:
            quoted = max(1, round(log_normal(chance, hours, 0.2)))
            until = start + round(length * chance.uniform(0.8, 1.2)) if chance.random() < 0.6 else None
            fund.engagements.append(Engagement(day, quoted * CENTS_PER_HOUR, until, start + length + 15))
            left, number = quoted * CENTS_PER_HOUR, len(fund.engagements) - 1
        sessions = max(1, round(hours / 3))
        for _ in range(sessions):
            minutes = hours * 60 / sessions * chance.uniform(0.5, 1.5)
            # Never more is posted on an engagement than was engaged: the rest is ordinary work.
            covered = number if left >= (minutes + SHORTEST_SESSION) * CENTS_PER_HOUR / 60 else None
            cents = fund.add(start + chance.randrange(length), minutes, covered)
            if covered is not None:
                left -= cents
    fund.usual_hours += a_year * log_normal_mean(median_hours, sigma)


def break_down(fund: Fund, a_year: float, median_hours: float, factor: Factor = usual) -> None:
    """Incidents: nobody sees them coming, and each takes some days at a stretch."""
    for day in poisson_days(fund.chance, fund.first_day, fund.end, a_year, factor):
        hours = log_normal(fund.chance, median_hours, 0.9)
        while hours > 0:
            fund.add(day, min(hours, 7) * 60)
            day, hours = day + 1, hours - 7
    fund.usual_hours += a_year * log_normal_mean(median_hours, 0.9)


# --- kinds of funds -------------------------------------------------------------------------------


def steady(fund: Fund) -> Factor:
    """Maintenance by contract, some hours each week. The easy one: nothing should do worse here than a ruler."""
    maintain(fund, fund.chance.uniform(1.5, 6))
    return usual


def lumpy(fund: Fund) -> Factor:
    """Little maintenance, and features by quotes: most months are cheap, a few make the year."""
    maintain(fund, fund.chance.uniform(0.5, 1.5))
    develop(fund, fund.chance.uniform(3, 8), fund.chance.uniform(12, 30))
    return usual


def incidents(fund: Fund) -> Factor:
    """Maintenance, and a few break-downs of which one can cost as much as a quarter of the year."""
    maintain(fund, fund.chance.uniform(1, 3))
    break_down(fund, fund.chance.uniform(1, 4), fund.chance.uniform(6, 20))
    return usual


def seasonal(fund: Fund) -> Factor:
    """Summer and December slack, autumn and the last weeks before the year's end busy: a ruler laid on April to
    June, or on July to September, points to the wrong place."""
    slack, rush = fund.chance.uniform(0.2, 0.6), fund.chance.uniform(1.1, 1.7)
    by_month = {7: slack, 8: slack, 12: slack, 9: rush, 10: rush, 2: rush, 3: rush}
    scale = 12 / sum(by_month.get(month, 1) for month in range(1, 13))

    def factor(day: int) -> float:
        return scale * by_month.get(datetime.date.fromordinal(day).month, 1)

    maintain(fund, fund.chance.uniform(1.5, 4), factor)
    develop(fund, fund.chance.uniform(0, 4), 15, factor)
    if fund.chance.random() < 0.3:  # somebody wrote the plan who knows the laboratory
        fund.plan = [round(100 * factor(fund.month_start(month))) for month in range(12)]
    return factor


def growth(fund: Fund) -> Factor:
    """New services come and stay: work grows by a third to the double over the year, and a ruler comes too low."""
    year_growth = fund.chance.uniform(1.3, 2.0)
    middle = (fund.month_start(0) + fund.end) / 2

    def factor(day: int) -> float:
        return min(3.0, year_growth ** ((day - middle) / 365.25))

    maintain(fund, fund.chance.uniform(1.5, 4), factor)
    develop(fund, fund.chance.uniform(0, 3), 15, factor)
    return factor


def late_start(fund: Fund) -> Factor:
    """The grant's money comes two to six months late, the budget is the whole year's; some then catch up."""
    delay = fund.chance.randrange(2, 7)
    fund.first_day = fund.month_start(0)  # a new grant has no earlier years
    fund.begins = fund.month_start(delay) + fund.chance.randrange(30)
    pace = 12 / (12 - delay) if fund.chance.random() < 0.5 else 1.0

    def factor(_day: int) -> float:
        return pace

    maintain(fund, fund.chance.uniform(1.5, 4), factor)
    develop(fund, fund.chance.uniform(1, 4), 15, factor)
    return factor


def stops(fund: Fund) -> Factor:
    """Work stops between the second and the tenth month: somebody left, a contract hangs, the project is over.
    Two in five start again after two to four months. Nobody tells the ledger why."""
    last = fund.month_start(fund.chance.randrange(2, 10)) + fund.chance.randrange(30)
    again = last + fund.chance.randrange(60, 120) if fund.chance.random() < 0.4 else fund.end

    def factor(day: int) -> float:
        return 0.0 if last <= day < again else 1.0

    maintain(fund, fund.chance.uniform(1.5, 4), factor)
    develop(fund, fund.chance.uniform(0, 4), 15, factor)
    return factor


def mixed(fund: Fund) -> Factor:
    """What a laboratory's year mostly is: some of everything, with a slack summer."""
    summer = fund.chance.uniform(0.4, 0.9)

    def factor(day: int) -> float:
        return summer if datetime.date.fromordinal(day).month in (7, 8, 12) else 1.0

    maintain(fund, fund.chance.uniform(1, 3), factor)
    develop(fund, fund.chance.uniform(1, 5), fund.chance.uniform(10, 25), factor)
    break_down(fund, fund.chance.uniform(0.3, 2), 10)
    return factor


def rush(fund: Fund) -> Factor:
    """Use it or lose it: in the year's last two months work is ordered for what is left, two to four times as much
    as usual. Not among the kinds that the constants were chosen by."""
    more = fund.chance.uniform(2, 4)

    def factor(day: int) -> float:
        last = datetime.date.fromordinal(day).month in {(fund.first_month + 8) % 12 + 1, (fund.first_month + 9) % 12 + 1}
        return 12 / (10 + 2 * more) * (more if last else 1)

    maintain(fund, fund.chance.uniform(1.5, 4), factor)
    develop(fund, fund.chance.uniform(1, 4), 15, factor)
    return factor


def step(fund: Fund) -> Factor:
    """From one day on there is half or double the work, for good: another contract, a service more or less. Not
    among the kinds that the constants were chosen by."""
    turn = fund.month_start(fund.chance.randrange(1, 11)) + fund.chance.randrange(30)
    after = fund.chance.choice((0.5, 2.0))

    def factor(day: int) -> float:
        return after if day >= turn else 1.0

    maintain(fund, fund.chance.uniform(1.5, 4), factor)
    develop(fund, fund.chance.uniform(0, 4), 15, factor)
    return factor


KINDS = (steady, lumpy, incidents, seasonal, growth, late_start, stops, mixed, rush, step)


def make_fund(kind: Callable[[Fund], Factor], seed: str, number: int) -> Fund:
    """The number-th fund of its kind; the same seed gives the same."""
    chance = random.Random(f"{seed}/{kind.__name__}/{number}")
    fund = Fund(kind.__name__, chance.choice((4, 5)), chance.randrange(2019, 2031), 0, chance)
    fund.first_day = fund.month_start(-12 * chance.choice((0, 0, 1, 2, 3)))
    kind(fund)
    fund.work.sort(key=lambda work: work.day)
    _recur(fund)
    # Whoever asks for money knows the usual cost, but neither this year's luck nor the change to come.
    usual_cents = fund.usual_hours * CENTS_PER_HOUR + sum(cents for day, cents in fund.costs if day >= fund.month_start(0))
    fund.budget = max(1, round(usual_cents * log_normal(chance, 1, 0.25) / 50_000)) * 50_000
    if fund.plan:
        whole = sum(fund.plan)
        fund.plan = [fund.budget * share // whole for share in fund.plan]
        fund.plan[-1] += fund.budget - sum(fund.plan)
    return fund


def _recur(fund: Fund) -> None:
    """Domain names and licences, each once a year on its own day."""
    chance = fund.chance
    for _ in range(chance.randrange(0, 4)):
        cents, day = round(log_normal(chance, 6000, 0.8)), fund.month_start(0) + chance.randrange(365)
        while day >= fund.first_day:
            if fund.begins <= day < fund.end:
                fund.costs.append((day, cents))
            day -= 365


# --- what a forecast may know on a day, and what came of it ---------------------------------------


def spent_before(fund: Fund, today: int) -> int:
    start = fund.month_start(0)
    return sum(work.cents for work in fund.work if start <= work.day < today) + sum(
        cents for day, cents in fund.costs if start <= day < today)


def year_cost(fund: Fund) -> int:
    return spent_before(fund, fund.end)


def planned_after(fund: Fund, today: int) -> float:
    """What the fund's plan leaves for the days from this one on."""
    left = 0.0
    for month, cents in enumerate(fund.plan or []):
        start, end = fund.month_start(month), fund.month_start(month + 1)
        left += cents * max(0, end - max(start, today)) / (end - start)
    return left


def case(fund: Fund, today: int) -> dict[str, object]:
    """On the morning of a day, as the driver reads it."""
    spent: dict[str, list[int]] = {}

    def add(day: int, part: int, cents: int) -> None:
        month = datetime.date.fromordinal(day).isoformat()[:7]
        spent.setdefault(month, [0, 0, 0])[part] += cents

    for work in fund.work:
        if work.day < today:
            add(work.day, 0 if work.engagement is None else 1, work.cents)
    for day, cents in fund.costs:
        if day < today:
            add(day, 2, cents)
    engaged = []
    for engagement in fund.engagements:
        left = engagement.cents - sum(work.cents for work in engagement.worked if work.day < today)
        if engagement.accepted < today <= engagement.closed and left > 0:
            engaged.append({"left_cents": left, "until": _iso(engagement.until)})
    return {
        "year": fund.year,
        "first_month": fund.first_month,
        "today": _iso(today),
        "budget_cents": fund.budget,
        "plan_cents": fund.plan or [],
        "spent": [{"month": month, "ordinary_cents": parts[0], "engaged_cents": parts[1], "recurring_cents": parts[2]}
                  for month, parts in sorted(spent.items())],
        "engagements": engaged,
        "due": [{"day": _iso(day), "cents": cents} for day, cents in fund.costs if day >= today],
    }


def _iso(day: int | None) -> str | None:
    return None if day is None else datetime.date.fromordinal(day).isoformat()
