// SPDX-License-Identifier: AGPL-3.0-or-later
import type { Budget as BudgetFacts, Overview } from "./overview";
import { Empty, Meter, Section, type Tone, type Voice } from "./parts";

function toneOf(budget: BudgetFacts): Tone {
  const { available_cents: left, budget_cents: whole } = budget;
  if (left === null || whole === null) return "unknown";
  if (left < 0) return "critical";
  return left * 10 < whole ? "warning" : "well";
}

// To a hundred dollars: the cent would promise more than an estimate can.
function roughly(cents: number): number {
  return Math.round(cents / 10_000) * 10_000;
}

function Available({ budget, money, voice }: { budget: BudgetFacts; money(cents: number): string; voice: Voice }) {
  const { words, format } = voice;
  const left = budget.available_cents;
  if (left === null)
    return (
      <p class="amount">
        <span class="amount-label">{words.spent}</span>
        <strong>{money(budget.spent_cents)}</strong>
        <span>{words.noBudget}</span>
      </p>
    );
  return (
    <p class="amount">
      <span class="amount-label">{left < 0 ? words.exceeded : words.available}</span>
      <strong>{money(Math.abs(left))}</strong>
      {budget.available_minutes !== null && left > 0 && <span>{words.thatBuys(format.hours(budget.available_minutes))}</span>}
    </p>
  );
}

function Fund(props: { budget: BudgetFacts; currency: string; voice: Voice }) {
  const { budget, currency, voice } = props;
  const { forecast } = budget;
  const { words, format } = voice;
  const money = (cents: number) => format.money(cents, currency);
  const whole = budget.budget_cents;
  const facts = [words.worked(format.hours(budget.minutes)), words.basisOf(budget.basis)];
  if (whole !== null) facts.unshift(words.spentOf(money(budget.spent_cents), money(whole)));
  return (
    <li class={`card fund ${toneOf(budget)}`}>
      <div class="card-head">
        <h3>{words.budgetTitle(budget.label, budget.fund)}</h3>
        <p class="hint">{words.period(format.day(budget.from), format.day(budget.to))}</p>
      </div>
      <Available budget={budget} money={money} voice={voice} />
      {whole !== null && <Meter used={whole > 0 ? budget.spent_cents / whole : 1} tone={toneOf(budget)} />}
      <p class="hint">{facts.join(" · ")}</p>
      {whole !== null && forecast !== null && (
        <p class="hint">
          {words.forecast(
            money(roughly(forecast.low_cents)),
            money(roughly(forecast.high_cents)),
            forecast.verdict,
            forecast.exhausted === null ? null : format.day(forecast.exhausted),
          )}
        </p>
      )}
    </li>
  );
}

function Contents({ billing, voice }: { billing: Overview["billing"]; voice: Voice }) {
  const { words } = voice;
  if (billing === null) return <Empty text={words.empty.billing} code={'[webd]\nbillingd = "http://127.0.0.1:9712"'} />;
  if (billing.budgets.length === 0)
    return billing.state === "up" ? (
      <Empty text={words.empty.budgets} code="intendance budget set --fund F-1234 --year 2026 --amount 24000" />
    ) : (
      <Empty text={words.empty.unknown} />
    );
  return (
    <>
      {billing.state === "silent" && <p class="hint">{words.billingSilent}</p>}
      <ul class="cards wide">
        {billing.budgets.map((budget) => (
          <Fund
            key={`${budget.fund}/${budget.from}`}
            budget={budget}
            currency={billing.currency}
            voice={voice}
          />
        ))}
      </ul>
    </>
  );
}

export function Budget({ billing, voice }: { billing: Overview["billing"]; voice: Voice }) {
  return (
    <Section id="budget" title={voice.words.budget}>
      <Contents billing={billing} voice={voice} />
    </Section>
  );
}
