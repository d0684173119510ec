#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tests of the bench's report: medians, the best peer, ratios, verdicts."""
import unittest

import report


def sample(tool, step, number=1, wall=1.0, repository=100.0, **other):
    return report.Sample(tool, step, number, wall, cpu=wall, memory=50.0, noise=0.0, repository=repository, state=0.0, **other)


def results(*samples):
    found = report.Results(["ours", "restic", "borg", "tar"], ["ours", "restic", "borg"])
    found.samples += samples
    return found


def row(found, title, against=None):
    """The cells of one goal."""
    for line in report.text(found).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == title and against in (None, cells[2]):
            return cells[1:]
    raise AssertionError(f"no row {title}")


class Goals(unittest.TestCase):
    def test_ours_stands_against_the_best_peer_that_deduplicates(self):
        found = results(*(sample("ours", "first", number, wall) for number, wall in enumerate((2.0, 9.0, 3.0))),
                        sample("restic", "first", wall=10.0), sample("borg", "first", wall=5.0), sample("tar", "first", wall=1.0))
        self.assertEqual(row(found, "first backup, wall"), ["3.00 s", "borg", "5.00 s", "0.60", "≤ 0.5", "NOT met"])
        self.assertEqual(row(found, "first backup, CPU", "tar"), ["3.00 s", "tar", "1.00 s", "3.00", "≤ 1.3", "NOT met"])

    def test_growth_is_that_of_each_round(self):
        sizes = (("ours", "unchanged", 10), ("ours", "work", 14), ("restic", "unchanged", 10), ("restic", "work", 20))
        found = results(*(sample(tool, step, number, repository=size * number) for number in (1, 2, 3) for tool, step, size in sizes))
        self.assertEqual(row(found, "growth by the day of work"), ["8.00 MB", "restic", "20.00 MB", "0.40", "≤ 0.5", "met"])

    def test_the_walk_is_a_floor(self):
        found = results(sample("ours", "unchanged", wall=0.5),
                        sample(report.WALK, report.WALK, wall=0.4), sample(report.WALK, report.WALK, wall=0.6))
        self.assertEqual(row(found, "nothing changed, wall", "find"), ["0.50 s", "find", "0.50 s", "1.00", "≤ 1.5", "met"])

    def test_what_failed_counts_for_nothing(self):
        found = results(sample("ours", "verify", wall=0.1), sample("ours", "list", fault="exit status 1: no"),
                        sample("borg", "verify", wall=0.01, fault="exit status 2"))
        self.assertEqual(row(found, "verify with all data read, wall")[1:], ["–", "–", "–", "≤ 0.5", "not measured"])
        self.assertEqual(row(found, "list of the latest, wall")[-1], "not measured")
        self.assertIn("FAILED: borg, verify, all data read, round 1: exit status 2", report.text(found))

    def test_losses_are_counted(self):
        found = results(sample("ours", "restore"))
        self.assertEqual(row(found, "attributes lost in a round trip")[-1], "not measured")
        found.lost = {"ours": {}, "borg": {"time": 5, "holes": 4}}
        self.assertEqual(row(found, "attributes lost in a round trip")[-1], "met")
        self.assertIn("time 5, holes 4", report.text(found))
        found.lost["ours"] = {"mode": 1}
        self.assertEqual(row(found, "attributes lost in a round trip")[-1], "NOT met")


if __name__ == "__main__":
    unittest.main()
