// SPDX-License-Identifier: AGPL-3.0-or-later
// Every word of the page, in the shape that both languages fill in.
import type { DayWords, Format } from "./format";
import type { Language } from "./language";
import { english } from "./messages_en";
import { french } from "./messages_fr";
import type { Counts, Finding, Job, Machine, Overview, Service } from "./overview";

export interface Messages {
  product: string;
  skip: string;
  otherLanguage: { code: Language; name: string };
  signOut: string;
  signOutFailed: string;
  days: DayWords;

  signIn: {
    title: string;
    lead: string;
    label: string;
    help: string;
    button: string;
    busy: string;
    empty: string;
    wrong: string;
    wait(seconds: number): string;
    unreachable: string;
  };

  loading: string;
  upToDate(time: string): string;
  stale(time: string): string;
  neverReached: string;

  // The first sentence, and the one after it that says what it rests on.
  sentence(overview: Overview, format: Format, now: number): string;
  basis(overview: Overview, format: Format, now: number): string;
  toWatch: string;
  toRepair: string;
  finding(finding: Finding, format: Format, now: number, currency: string): string;
  detail: string;

  machines: string;
  machineState: Record<Machine["state"], string>;
  silentSince(age: string): string;
  neverAnswered: string;
  load: string;
  loadOf(load: string, processors: number): string;
  memory: string;
  disk(mountpoint: string): string;
  freeOf(free: string, total: string): string;
  level: { low: string; full: string };
  upSince(age: string): string;
  noFigures: string;

  services: string;
  servicesCaption(counts: Counts): string;
  serviceColumns: { name: string; machine: string; state: string; since: string; detail: string };
  serviceState: Record<Service["state"], string>;
  answersIn(time: string): string;
  reason(name: string): string; // of a failing probe

  backups: string;
  backupsCaption(counts: Counts): string;
  backupColumns: { name: string; machine: string; state: string; success: string; size: string; next: string };
  jobState: Record<Job["state"], string>;
  running: string;
  ago(age: string): string;
  never: string;
  newAndStored(added: string, stored: string): string;
  warnings(count: number): string;
  notLocked: string;

  budget: string;
  budgetTitle(label: string, fund: string): string;
  period(from: string, to: string): string;
  spentOf(spent: string, budget: string): string;
  available: string;
  spent: string;
  noBudget: string;
  exceeded: string;
  thatBuys(hours: string): string;
  basisOf(basis: string): string;
  // `exhausted`: the day on which the budget is used up, where there is one.
  forecast(low: string, high: string, verdict: string, exhausted: string | null): string;
  worked(hours: string): string;
  billingSilent: string;

  empty: {
    machines: string;
    services: string;
    jobs: string;
    billing: string;
    budgets: string;
    unknown: string;
  };
  footer(time: string): string;
}

export function messagesIn(language: Language): Messages {
  return language === "fr" ? french : english;
}
