// SPDX-License-Identifier: AGPL-3.0-or-later
// What /api/v1/overview answers, as web/openapi.yaml describes it. Times are ISO 8601 in UTC.

export type Verdict = "empty" | "unknown" | "well" | "warning" | "critical";
export type Presence = "pending" | "up" | "silent";

export type FindingCode =
  | "machine_silent"
  | "service_down"
  | "repository_damaged"
  | "backup_failed"
  | "filesystem_full"
  | "backup_overdue"
  | "backup_never"
  | "care_failing"
  | "filesystem_low"
  | "memory_low"
  | "backupd_silent"
  | "billingd_silent"
  | "prometheus_silent"
  | "budget_exceeded"
  | "budget_low"
  | "budget_short";

export interface Finding {
  severity: "critical" | "warning";
  code: FindingCode;
  machine: string | null;
  subject: string | null;
  kind: string | null;
  since: string | null;
  reason: string | null;
  percent: number | null;
  cents: number | null;
}

export interface Filesystem {
  mountpoint: string;
  size_bytes: number | null;
  available_bytes: number | null;
  level: "well" | "low" | "full";
}

export interface Machine {
  name: string;
  state: Presence;
  silent_since: string | null;
  error: string | null;
  status: {
    version: string;
    boot_time: string | null;
    load1: number | null;
    cpus: number | null;
    memory: { total_bytes: number | null; available_bytes: number | null };
    filesystems: Filesystem[];
  } | null;
}

export interface Service {
  machine: string;
  name: string;
  kind: string;
  url: string | null;
  state: "up" | "down" | "unknown";
  since: string | null;
  checked: string | null;
  phase: string | null;
  reason: string | null;
  detail: string | null;
  duration_seconds: number | null;
}

export interface Job {
  machine: string;
  name: string;
  state: "well" | "warnings" | "never" | "overdue" | "failed" | "unknown";
  repository: string;
  schedule: string;
  next_run: string | null;
  last_success: string | null;
  running: boolean;
  overdue: boolean;
  last_run: {
    started: string | null;
    finished: string | null;
    outcome: "done" | "warnings" | "failed";
    error: string | null;
    files: number | null;
    read_bytes: number | null;
    new_bytes: number | null;
    stored_bytes: number | null;
    warnings: number | null;
    locked: boolean | null;
  } | null;
}

export interface Care {
  machine: string;
  repository: string;
  running: boolean;
  snapshots: number | null;
  bytes: number | null;
  damaged_objects: number | null;
  lost_files: number | null;
  oldest_unread: string | null;
  locked: boolean | null;
  tasks: {
    name: "forget" | "prune" | "verify" | "archive";
    last_success: string | null;
    failures: number;
    overdue: boolean;
    error: string | null;
  }[];
}

export interface Budget {
  fund: string;
  label: string;
  year: number;
  from: string;
  to: string;
  basis: string;
  budget_cents: number | null;
  spent_cents: number;
  available_cents: number | null;
  minutes: number;
  available_minutes: number | null;
  forecast: { verdict: string; low_cents: number; middle_cents: number; high_cents: number; exhausted: string | null } | null;
}

export interface Counts {
  total: number;
  well: number;
}

export interface Overview {
  time: string;
  verdict: Verdict;
  findings: Finding[];
  counts: { machines: Counts; services: Counts; jobs: Counts };
  oldest_success: string | null;
  oldest_success_machine: string | null;
  next_run: string | null;
  machines: Machine[];
  services: Service[];
  jobs: Job[];
  care: Care[];
  billing: { state: Presence; currency: string; budgets: Budget[] } | null;
}
