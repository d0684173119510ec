#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Random invoices through the room's arithmetic and through Python's decimal numbers, which share nothing
with it: every cent must be the same.

oracle_test.py PROGRAM [INVOICES]     PROGRAM is invoice_taxes
"""
from __future__ import annotations

import decimal
import random
import subprocess
import sys
import time
from decimal import Decimal

CENT = Decimal("0.01")
TPS, TVQ = Decimal("0.05"), Decimal("0.09975")
TPS_BACK, TVQ_BACK = Decimal("0.67"), Decimal("0.47")
KNOWN = {10000: (500, 998), 14000: (700, 1397), 30000: (1500, 2993), 114000: (5700, 11372)}


def rounded(dollars: Decimal) -> Decimal:
    return dollars.quantize(CENT, rounding=decimal.ROUND_HALF_UP)  # away from zero on both sides


def cents(dollars: Decimal) -> int:
    return int(dollars.scaleb(2))


def expected(lines: list[int]) -> list[int]:
    amounts = [Decimal(line).scaleb(-2) for line in lines]
    before = sum(amounts, Decimal(0))
    tps, tvq = rounded(before * TPS), rounded(before * TVQ)
    tps_back, tvq_back = rounded(tps * TPS_BACK), rounded(tvq * TVQ_BACK)
    gross = before + tps + tvq
    one_step = rounded(before * (TPS + TVQ))
    per_line = sum((rounded(amount * TPS) for amount in amounts), Decimal(0)), sum((rounded(amount * TVQ) for amount in amounts), Decimal(0))
    return [cents(value) for value in (before, tps, tvq, tps_back, tvq_back, gross, gross - tps_back - tvq_back,
                                       tps, tvq, *per_line, tps, one_step - tps)]


def invoices(count: int, seed: int):
    source = random.Random(seed)
    for known in KNOWN:
        yield [known]
    yield [140] * 20
    for _ in range(count - len(KNOWN) - 1):
        most = source.choice((500, 20_000, 5_000_000))
        least = -most if source.random() < 0.1 else 0  # a credit now and then
        yield [source.randint(least, most) for _ in range(source.choice((1, 1, 2, 3, 5, 20)))]


def main() -> int:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    started = time.perf_counter()
    texts = [" ".join(map(str, lines)) for lines in invoices(count, 20261128)]
    done = subprocess.run([sys.argv[1]], input="\n".join(texts) + "\n", capture_output=True, text=True, check=True, timeout=600)
    answers = done.stdout.splitlines()
    if len(answers) != len(texts):
        print(f"{len(answers)} answers to {len(texts)} invoices")
        return 1
    differing = 0
    for text, answer in zip(texts, answers):
        lines = [int(word) for word in text.split()]
        wanted, given = expected(lines), [int(word) for word in answer.split()]
        if len(lines) == 1 and lines[0] in KNOWN and tuple(given[1:3]) != KNOWN[lines[0]]:
            wanted = []
        if given != wanted:
            differing += 1
            if differing <= 5:
                print(f"{text}\n  program {given}\n  decimal {wanted}")
    print(f"{len(texts)} invoices, {differing} differ, {time.perf_counter() - started:.1f} s")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
