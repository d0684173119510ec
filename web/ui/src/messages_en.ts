// SPDX-License-Identifier: AGPL-3.0-or-later
import type { Format } from "./format";
import type { Messages } from "./messages";
import type { Finding, FindingCode, Overview } from "./overview";
import { reasons } from "./reasons";

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function lasting(finding: Finding, format: Format, now: number): string {
  return finding.since === null ? "" : ` for ${format.since(finding.since, now)}`;
}

function outlook(verdict: string, exhausted: string | null): string {
  switch (verdict) {
    case "underspent":
      return "a good part of the budget will stay unused";
    case "may_fall_short":
      return "the budget may fall short";
    case "falls_short":
      return exhausted === null ? "the budget falls short" : `the budget is used up around ${exhausted}`;
    case "overspent":
      return "the budget is exceeded";
    default:
      return "the budget lasts";
  }
}

const several: Partial<Record<FindingCode, (number: number) => string>> = {
  machine_silent: (number) => `${number} machines do not answer.`,
  service_down: (number) => `${number} services are down.`,
  backup_failed: (number) => `${number} backups failed.`,
  filesystem_full: (number) => `${number} disks are full.`,
};

function critical(overview: Overview, format: Format, now: number): string {
  const serious = overview.findings.filter((finding) => finding.severity === "critical");
  const first = serious[0];
  if (first === undefined) return "";
  if (serious.length > 1) {
    const alike = serious.every((finding) => finding.code === first.code);
    const sentence = alike ? several[first.code] : undefined;
    return sentence?.(serious.length) ?? `${serious.length} problems need somebody.`;
  }
  const age = lasting(first, format, now);
  if (first.code === "machine_silent") return `One machine has not answered${age}.`;
  if (first.code === "service_down") return `One service has been down${age}.`;
  if (first.code === "repository_damaged") return "A repository of backups is damaged.";
  if (first.code === "backup_failed") return "One backup failed.";
  return "One disk is full.";
}

function describe(finding: Finding, format: Format, now: number, currency: string): string {
  const { machine, subject } = finding;
  const age = lasting(finding, format, now);
  const left = finding.percent === null ? "" : format.wholePercent(finding.percent);
  const money = finding.cents === null ? "" : format.money(finding.cents, currency);
  const last = finding.since === null ? "none has succeeded yet" : `last success ${format.since(finding.since, now)} ago`;
  switch (finding.code) {
    case "machine_silent":
      return finding.since === null ? `Machine ${machine} has not answered yet.` : `Machine ${machine} has not answered${age}.`;
    case "service_down":
      return `Service ${subject}${finding.kind ? ` (${finding.kind})` : ""} on ${machine} has been down${age}.`;
    case "backup_failed":
      return `Backup “${subject}” of ${machine} failed; ${last}.`;
    case "backup_overdue":
      return `Backup “${subject}” of ${machine} is overdue; ${last}.`;
    case "backup_never":
      return `Backup “${subject}” of ${machine} has never been made.`;
    case "repository_damaged":
      return `Repository “${subject}” is damaged; on ${machine}, intendance verify names what is lost.`;
    case "care_failing":
      return `In repository “${subject}”, ${finding.kind} does not succeed; ${last}.`;
    case "filesystem_full":
      return `Disk ${subject} of ${machine} is full: ${left} is left.`;
    case "filesystem_low":
      return `Disk ${subject} of ${machine} is nearly full: ${left} is left.`;
    case "memory_low":
      return `The memory of ${machine} is nearly used up: ${left} is left.`;
    case "backupd_silent":
      return `The backups of ${machine} have given no news${age}.`;
    case "billingd_silent":
      return `The ledger of hours has given no news${age}.`;
    case "prometheus_silent":
      return `The history of measures (Prometheus) has not answered${age}.`;
    case "budget_exceeded":
      return `Budget ${subject} is exceeded by ${money}.`;
    case "budget_low":
      return `Budget ${subject} is running out: ${money} is left (${left}).`;
    case "budget_short":
      return `At this pace budget ${subject} will be short by about ${money} before the fiscal year ends.`;
  }
}

export const english: Messages = {
  product: "Intendance",
  skip: "Skip to content",
  otherLanguage: { code: "fr", name: "Français" },
  signOut: "Sign out",
  signOutFailed: "The server does not answer: you are still signed in.",
  days: {
    today: (clock) => `today at ${clock}`,
    tomorrow: (clock) => `tomorrow at ${clock}`,
    yesterday: (clock) => `yesterday at ${clock}`,
    other: (date, clock) => `${date} at ${clock}`,
  },

  signIn: {
    title: "Welcome to Intendance",
    lead: "How the servers, the backups and the budget are doing, on one page.",
    label: "Access token",
    help: "Whoever looks after the server can give it to you. It is asked for once a session.",
    button: "Sign in",
    busy: "Checking…",
    empty: "Enter the access token.",
    wrong: "This is not the access token. Check that it was copied whole.",
    wait: (seconds) => `Too many attempts. Try again in ${count(seconds, "second", "seconds")}.`,
    unreachable: "The server does not answer. Try again in a moment.",
  },

  loading: "Loading…",
  upToDate: (time) => `Up to date at ${time}`,
  stale: (time) => `The server does not answer. Data from ${time}; trying again.`,
  neverReached: "The server does not answer. Trying again.",

  sentence(overview, format, now) {
    switch (overview.verdict) {
      case "empty":
        return "No machine is looked after yet.";
      case "unknown":
        return "Nothing is wrong, but not everybody has answered yet.";
      case "well":
        return "All is well.";
      case "warning":
        return overview.findings.length === 1
          ? "Nothing is down, but one thing is worth watching."
          : `Nothing is down, but ${overview.findings.length} things are worth watching.`;
      case "critical":
        return critical(overview, format, now);
    }
  },
  basis(overview, format, now) {
    const { machines, services, jobs } = overview.counts;
    if (machines.total === 0) return "";
    const parts = [
      machines.well === machines.total
        ? count(machines.total, "machine answers", "machines answer")
        : `${machines.well} of ${machines.total} machines answer`,
    ];
    if (services.total > 0)
      parts.push(
        services.well === services.total
          ? count(services.total, "service is well", "services are well")
          : `${services.well} of ${services.total} services are well`,
      );
    if (jobs.total > 0)
      parts.push(
        jobs.well === jobs.total
          ? count(jobs.total, "backup is on time", "backups are on time")
          : `${jobs.well} of ${jobs.total} backups are on time`,
      );
    const oldest =
      overview.oldest_success === null ? "" : `, the least recent made ${format.since(overview.oldest_success, now)} ago`;
    return `${parts.join(", ")}${oldest}.`;
  },
  toWatch: "Worth watching",
  toRepair: "To repair",
  finding: describe,
  detail: "Detail",

  machines: "Machines",
  machineState: { pending: "not asked yet", up: "answers", silent: "does not answer" },
  silentSince: (age) => `Last news ${age} ago.`,
  neverAnswered: "No answer so far.",
  load: "Load",
  loadOf: (load, processors) => `${load} for ${count(processors, "processor", "processors")}`,
  memory: "Memory",
  disk: (mountpoint) => `Disk ${mountpoint}`,
  freeOf: (free, total) => `${free} free of ${total}`,
  level: { low: "nearly full", full: "full" },
  upSince: (age) => `Running for ${age}`,
  noFigures: "No figures: no collectord is configured for this machine.",

  services: "Services",
  servicesCaption: (counts) => `${counts.well} of ${counts.total} are well`,
  serviceColumns: { name: "Service", machine: "Machine", state: "State", since: "For", detail: "Detail" },
  serviceState: { up: "running", down: "down", unknown: "unknown" },
  answersIn: (time) => `answers in ${time}`,
  reason: (name) => reasons[name]?.en ?? name,

  backups: "Backups",
  backupsCaption: (counts) => `${counts.well} of ${counts.total} on time`,
  backupColumns: {
    name: "Job",
    machine: "Machine",
    state: "State",
    success: "Last success",
    size: "Last run",
    next: "Next run",
  },
  jobState: {
    well: "on time",
    warnings: "done, with reservations",
    never: "never made",
    overdue: "overdue",
    failed: "failed",
    unknown: "unknown",
  },
  running: "running",
  ago: (age) => `${age} ago`,
  never: "never",
  newAndStored: (added, stored) => `${added} new, ${stored} stored`,
  notLocked: "not protected against deletion",
  warnings: (number) => count(number, "file with a reservation", "files with a reservation"),

  budget: "Budget",
  budgetTitle: (label, fund) => (label === "" ? `Fund ${fund}` : `${label} · fund ${fund}`),
  period: (from, to) => `From ${from} to ${to}`,
  spentOf: (spent, budget) => `${spent} spent of ${budget}`,
  available: "Available",
  spent: "Spent",
  forecast: (low, high, verdict, exhausted) => `The fiscal year will end between ${low} and ${high}: ${outlook(verdict, exhausted)}.`,
  noBudget: "no budget is set for this year",
  exceeded: "Exceeded by",
  thatBuys: (hours) => `about ${hours} of work at the average cost so far`,
  basisOf: (basis) =>
    ({ net: "Amounts net of tax rebates", gross: "Amounts with taxes", before_tax: "Amounts before taxes" })[basis] ?? basis,
  worked: (hours) => `${hours} worked`,
  billingSilent: "The ledger gives no news: these amounts may be old.",

  empty: {
    machines: "To look after a machine, install intendance-collectord on it, then name it in this server’s configuration:",
    services: "No service is declared. To follow one, add it to the configuration of its machine:",
    jobs: "No backup is configured. To plan one, add it to the configuration of the machine:",
    billing: "Hours are not followed here. To show the budget, name the billing daemon in the configuration:",
    budgets: "No budget is entered. To enter one:",
    unknown: "No answer yet.",
  },
  footer: (time) => `Last change: ${time}`,
};
