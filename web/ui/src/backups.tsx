// SPDX-License-Identifier: AGPL-3.0-or-later
import type { Counts, Job } from "./overview";
import { Empty, Section, State, Table, type Column, type Tone, type Voice } from "./parts";

const tones: Record<Job["state"], Tone> = {
  well: "well",
  warnings: "warning",
  never: "warning",
  overdue: "warning",
  failed: "critical",
  unknown: "unknown",
};
const order: Record<Job["state"], number> = { failed: 0, overdue: 1, never: 2, unknown: 3, warnings: 4, well: 5 };

const example = `[[job]]
name = "expositions"
paths = ["/srv/expositions"]
repository = "calcul-quebec"
schedule = "daily 02:15"`;

function JobState({ job, voice }: { job: Job; voice: Voice }) {
  const { words } = voice;
  return (
    <>
      <State tone={tones[job.state]}>{words.jobState[job.state]}</State>
      {job.running && <span class="kind">{words.running}</span>}
    </>
  );
}

function LastRun({ job, voice }: { job: Job; voice: Voice }) {
  const { words, format } = voice;
  const run = job.last_run;
  if (run !== null && run.error !== null)
    return (
      <span class="reason" translate={false}>
        {run.error}
      </span>
    );
  if (run === null || run.new_bytes === null || run.stored_bytes === null) return <>—</>;
  return (
    <>
      {words.newAndStored(format.bytes(run.new_bytes), format.bytes(run.stored_bytes))}
      {run.warnings !== null && run.warnings > 0 && <span class="kind">{words.warnings(run.warnings)}</span>}
    </>
  );
}

export function Backups(props: { jobs: Job[]; counts: Counts; voice: Voice }) {
  const { words, format, now } = props.voice;
  const titles = words.backupColumns;
  const columns: Column<Job>[] = [
    {
      title: titles.name,
      cell: (job) => (
        <>
          <span translate={false}>{job.name}</span>
          {job.repository !== "" && <span class="kind">→ {job.repository}</span>}
          {job.last_run?.locked === false && <span class="kind">{words.notLocked}</span>}
        </>
      ),
    },
    { title: titles.machine, cell: (job) => <span translate={false}>{job.machine}</span> },
    { title: titles.state, firstLine: true, cell: (job) => <JobState job={job} voice={props.voice} /> },
    {
      title: titles.success,
      cell: (job) => (job.last_success === null ? words.never : words.ago(format.since(job.last_success, now))),
    },
    { title: titles.size, cell: (job) => <LastRun job={job} voice={props.voice} /> },
    { title: titles.next, cell: (job) => (job.next_run === null ? "—" : format.moment(job.next_run, now, words.days)) },
  ];
  const rows = [...props.jobs].sort((a, b) => order[a.state] - order[b.state] || a.name.localeCompare(b.name));
  return (
    <Section id="backups" title={words.backups}>
      {rows.length === 0 ? (
        <Empty text={words.empty.jobs} code={example} />
      ) : (
        <Table
          caption={words.backupsCaption(props.counts)}
          columns={columns}
          rows={rows}
          keyOf={(job) => `${job.machine}/${job.name}`}
          toneOf={(job) => tones[job.state]}
        />
      )}
    </Section>
  );
}
