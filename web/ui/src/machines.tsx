// SPDX-License-Identifier: AGPL-3.0-or-later
import type { Filesystem, Machine } from "./overview";
import { Empty, Meter, Section, State, type Tone, type Voice } from "./parts";

const tones: Record<Machine["state"], Tone> = { pending: "unknown", up: "well", silent: "critical" };
const levels: Record<Filesystem["level"], Tone> = { well: "well", low: "warning", full: "critical" };

const example = `[webd]
machines = [
  { name = "web-1", collectord = "http://10.0.0.11:9710", backupd = "http://10.0.0.11:9711" },
]`;

function Disk({ disk, voice }: { disk: Filesystem; voice: Voice }) {
  const { words, format } = voice;
  const { size_bytes: size, available_bytes: available } = disk;
  return (
    <div class="figure">
      <dt>{words.disk(disk.mountpoint)}</dt>
      <dd>
        {disk.level !== "well" && <State tone={levels[disk.level]}>{words.level[disk.level]}</State>}
        <span>{size === null || available === null ? "—" : words.freeOf(format.bytes(available), format.bytes(size))}</span>
      </dd>
      {size !== null && available !== null && size > 0 && <Meter used={1 - available / size} tone={levels[disk.level]} />}
    </div>
  );
}

function Figures({ status, voice }: { status: NonNullable<Machine["status"]>; voice: Voice }) {
  const { words, format } = voice;
  const { total_bytes: total, available_bytes: available } = status.memory;
  return (
    <dl>
      {status.load1 !== null && (
        <div class="figure">
          <dt>{words.load}</dt>
          <dd>
            {status.cpus === null ? format.number(status.load1) : words.loadOf(format.number(status.load1), status.cpus)}
          </dd>
        </div>
      )}
      {total !== null && available !== null && total > 0 && (
        <div class="figure">
          <dt>{words.memory}</dt>
          <dd>{words.freeOf(format.bytes(available), format.bytes(total))}</dd>
          <Meter used={1 - available / total} tone={available / total < 0.05 ? "warning" : "well"} />
        </div>
      )}
      {status.filesystems.map((disk) => (
        <Disk key={disk.mountpoint} disk={disk} voice={voice} />
      ))}
    </dl>
  );
}

function Card({ machine, voice }: { machine: Machine; voice: Voice }) {
  const { words, format, now } = voice;
  const boot = machine.status?.boot_time ?? null;
  return (
    <li class={`card ${tones[machine.state]}`}>
      <div class="card-head">
        <h3 translate={false}>{machine.name}</h3>
        <State tone={tones[machine.state]}>{words.machineState[machine.state]}</State>
      </div>
      {machine.state === "silent" && (
        <p class="hint">
          {machine.silent_since === null ? words.neverAnswered : words.silentSince(format.since(machine.silent_since, now))}
        </p>
      )}
      {machine.state === "up" && machine.status === null && <p class="hint">{words.noFigures}</p>}
      {machine.state === "up" && machine.status !== null && <Figures status={machine.status} voice={voice} />}
      {machine.state === "up" && boot !== null && <p class="hint">{words.upSince(format.since(boot, now))}</p>}
    </li>
  );
}

export function Machines({ machines, voice }: { machines: Machine[]; voice: Voice }) {
  const { words } = voice;
  return (
    <Section id="machines" title={words.machines}>
      {machines.length === 0 ? (
        <Empty text={words.empty.machines} code={example} />
      ) : (
        <ul class="cards">
          {machines.map((machine) => (
            <Card key={machine.name} machine={machine} voice={voice} />
          ))}
        </ul>
      )}
    </Section>
  );
}
