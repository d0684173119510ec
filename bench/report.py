# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the rounds of `bench backup` showed: our medians against the goals, then every tool's medians."""
from __future__ import annotations

import dataclasses
import statistics

STEPS = {"init": "make a repository", "first": "first backup", "unchanged": "nothing changed", "work": "after a day of work",
         "list": "list of the latest", "file": "one file", "restore": "full restore", "verify": "verify, all data read"}
WALK, OURS = "find", "ours"
NOISY = 0.1


@dataclasses.dataclass(frozen=True)
class Sample:
    """One step of one tool in one round. The walk by `find` is a sample of the tool and step WALK."""

    tool: str
    step: str
    round: int
    wall: float  # seconds
    cpu: float  # seconds
    memory: float  # MiB
    noise: float  # share of the machine
    repository: float  # MB (10^6) afterwards
    state: float  # MB of caches and state outside of the repository, afterwards
    fault: str = ""  # why the sample counts for nothing


@dataclasses.dataclass(frozen=True)
class Goal:
    """A bound on our median, as a ratio to another's or, with `against` empty, in the figure's own unit.

    `against` is a tool's name, or BEST: the deduplicating peer with the lowest median.
    """

    title: str
    step: str
    figure: str
    bound: float
    against: str


BEST = "best"
SIZE, GROWTH = "size", "growth"  # of the repository, in MB; not of one step
GOALS = (
    Goal("first backup, wall", "first", "wall", 0.5, BEST),
    Goal("first backup, CPU", "first", "cpu", 0.5, BEST),
    Goal("first backup, CPU", "first", "cpu", 1.3, "tar"),
    Goal("nothing changed, wall", "unchanged", "wall", 0.3, BEST),
    Goal("nothing changed, wall", "unchanged", "wall", 1.5, WALK),
    Goal("after a day of work, wall", "work", "wall", 0.4, BEST),
    Goal("full restore, wall", "restore", "wall", 0.4, BEST),
    Goal("full restore, wall", "restore", "wall", 1.5, "tar"),
    Goal("one file, wall", "file", "wall", 0.2, BEST),
    Goal("list of the latest, wall", "list", "wall", 0.2, BEST),
    Goal("verify with all data read, wall", "verify", "wall", 0.5, BEST),
    Goal("repository after three backups", "work", SIZE, 0.95, BEST),
    Goal("growth by the day of work", "work", GROWTH, 0.5, "restic"),
    Goal("peak memory, first backup", "first", "memory", 64, ""),
    Goal("peak memory, nothing changed", "unchanged", "memory", 64, ""),
    Goal("peak memory, after a day of work", "work", "memory", 64, ""),
    Goal("peak memory, full restore", "restore", "memory", 64, ""),
)
UNITS = {"wall": "s", "cpu": "s", "memory": "MiB", SIZE: "MB", GROWTH: "MB"}


class Results:
    """Samples of all rounds, and what each tool lost on the way through its repository."""

    def __init__(self, tools: list[str], deduplicating: list[str]):
        """`tools` in the order of the tables; `deduplicating` are those that are peers of ours."""
        self.tools = tools
        self.peers = [name for name in deduplicating if name != OURS]
        self.samples: list[Sample] = []
        self.lost: dict[str, dict[str, int]] = {}  # by tool, by class of compare_trees; a tool not compared is absent

    def values(self, tool: str, step: str, figure: str) -> list[float]:
        """One for each round in which the step did what it should."""
        if figure == GROWTH:
            before = {sample.round: sample.repository for sample in self._good(tool, "unchanged")}
            return [sample.repository - before[sample.round] for sample in self._good(tool, step) if sample.round in before]
        field = "repository" if figure == SIZE else figure
        return [getattr(sample, field) for sample in self._good(tool, step)]

    def median(self, tool: str, step: str, figure: str) -> float | None:
        values = self.values(tool, step, figure)
        return statistics.median(values) if values else None

    def faults(self) -> list[Sample]:
        return [sample for sample in self.samples if sample.fault]

    def best_peer(self, step: str, figure: str) -> str | None:
        medians = {name: self.median(name, step, figure) for name in self.peers}
        return min((name for name in medians if medians[name] is not None), key=medians.__getitem__, default=None)

    def _good(self, tool: str, step: str) -> list[Sample]:
        return [sample for sample in self.samples if (sample.tool, sample.step) == (tool, step) and not sample.fault]


def text(results: Results) -> str:
    parts = [_table("Goals (medians)", ["figure", "ours", "against", "theirs", "ratio", "goal", ""], _goal_rows(results)),
             _figures(results, "Wall time in s", "wall", 2), _figures(results, "CPU in s, user and system", "cpu", 2),
             _figures(results, "Peak memory in MiB, largest process", "memory", 1), _sizes(results)]
    if results.lost:
        rows = [[tool, _counts(results.lost[tool])] for tool in results.tools if tool in results.lost]
        parts.append(_table("Lost in a round trip", ["tool", "what"], rows))
    if any(sample.noise > NOISY for sample in results.samples):
        parts.append(_noise(results))
    for sample in results.faults():
        parts.append(f"FAILED: {sample.tool}, {STEPS.get(sample.step, sample.step)}, round {sample.round}: {sample.fault}")
    return "\n\n".join(parts)


def _goal_rows(results: Results) -> list[list[str]]:
    rows = [_goal_row(results, goal) for goal in GOALS]
    lost = results.lost.get(OURS)
    ours = "–" if lost is None else str(sum(lost.values()))
    return [*rows, ["attributes lost in a round trip", ours, "", "", "", "none", _verdict(None if lost is None else not lost)]]


def _goal_row(results: Results, goal: Goal) -> list[str]:
    unit, ours = UNITS[goal.figure], results.median(OURS, goal.step, goal.figure)
    shown = "–" if ours is None else f"{ours:.2f} {unit}"
    if not goal.against:
        return [goal.title, shown, "", "", "", f"≤ {goal.bound:g} {unit}", _verdict(None if ours is None else ours <= goal.bound)]
    other = results.best_peer(goal.step, goal.figure) if goal.against == BEST else goal.against
    theirs = None if other is None else results.median(other, WALK if other == WALK else goal.step, goal.figure)
    ratio = None if ours is None or not theirs else ours / theirs
    return [goal.title, shown, other or "–", "–" if theirs is None else f"{theirs:.2f} {unit}", "–" if ratio is None else f"{ratio:.2f}",
            f"≤ {goal.bound:g}", _verdict(None if ratio is None else ratio <= goal.bound)]


def _verdict(met: bool | None) -> str:
    return {True: "met", False: "NOT met", None: "not measured"}[met]


def _figures(results: Results, title: str, figure: str, digits: int) -> str:
    rows = [[label, *(_spread(results.values(tool, step, figure), digits) for tool in results.tools)] for step, label in STEPS.items()]
    walk = results.values(WALK, WALK, figure)
    if walk:
        title += f"; the cold walk by find: {_spread(walk, digits)}"
    return _table(title, ["", *results.tools], rows)


def _sizes(results: Results) -> str:
    figures = {"repository after the first backup": ("first", SIZE), "repository after three": ("work", SIZE),
               "growth by the day of work": ("work", GROWTH), "caches and state after three": ("work", "state")}
    rows = [[label, *(_spread(results.values(tool, *of), 2) for tool in results.tools)] for label, of in figures.items()]
    return _table("Sizes in MB (10^6 bytes)", ["", *results.tools], rows)


def _noise(results: Results) -> str:
    """The worst of the rounds; what is below NOISY is left empty. Figures of such steps are worth little."""
    def worst(tool: str, step: str) -> str:
        most = max(results.values(tool, step, "noise"), default=0.0)
        return f"{most:.0%}" if most > NOISY else ""

    rows = [[label, *(worst(tool, step) for tool in results.tools)] for step, label in STEPS.items()]
    walk = worst(WALK, WALK) or f"less than {NOISY:.0%}"
    return _table(f"Noise: what others used of the machine, at worst; during the cold walk {walk}", ["", *results.tools], rows)


def _spread(values: list[float], digits: int) -> str:
    """The median, and how far the rounds lie apart."""
    if not values:
        return "–"
    median, least, most = (f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return median if least == most else f"{median} ({least}–{most})"


def _counts(lost: dict[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in lost.items()) or "nothing"


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    """In Markdown, with columns that line up on a terminal, too."""
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = [head, ["-" * width for width in widths], *rows]
    return f"{title}\n\n" + "\n".join(f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths))} |" for line in lines)
