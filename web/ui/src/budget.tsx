// SPDX-License-Identifier: AGPL-3.0-or-later
import type { Budget as BudgetFacts, Overview } from "./overview";
import { Empty, Meter, Section, type Tone, type Voice } from "./parts";

function toneOf(budget: BudgetFacts): Tone {
  if (budget.available_cents < 0) return "critical";
  return budget.available_cents * 10 < budget.budget_cents ? "warning" : "well";
}

function Fund(props: { budget: BudgetFacts; currency: string; basis: string; voice: Voice }) {
  const { budget, currency } = props;
  const { words, format } = props.voice;
  const money = (cents: number) => format.money(cents, currency);
  return (
    <li class={`card fund ${toneOf(budget)}`}>
      <div class="card-head">
        <h3>{words.budgetTitle(budget.label, budget.fund)}</h3>
        <p class="hint">{words.period(format.day(budget.from), format.day(budget.to))}</p>
      </div>
      <p class="amount">
        <span class="amount-label">{budget.available_cents < 0 ? words.exceeded : words.available}</span>
        <strong>{money(Math.abs(budget.available_cents))}</strong>
        {budget.available_minutes !== null && budget.available_cents > 0 && (
          <span>{words.thatBuys(format.hours(budget.available_minutes))}</span>
        )}
      </p>
      <Meter used={budget.budget_cents > 0 ? budget.spent_cents / budget.budget_cents : 0} tone={toneOf(budget)} />
      <p class="hint">
        {words.spentOf(money(budget.spent_cents), money(budget.budget_cents))} · {words.worked(format.hours(budget.minutes))} ·{" "}
        {words.basisOf(props.basis)}
      </p>
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
            basis={billing.basis}
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
