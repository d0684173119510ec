// SPDX-License-Identifier: AGPL-3.0-or-later
import type { Counts, Service } from "./overview";
import { Empty, Section, State, Table, type Column, type Tone, type Voice } from "./parts";

const tones: Record<Service["state"], Tone> = { up: "well", down: "critical", unknown: "unknown" };
const order: Record<Service["state"], number> = { down: 0, unknown: 1, up: 2 };

const example = `[[service]]
name = "expositions"
kind = "omeka-s"
url  = "https://expositions.example.org/"`;

function Name({ service }: { service: Service }) {
  // An address comes from a configuration file; only those of the web become links.
  const link = service.url !== null && /^https?:\/\//.test(service.url);
  return (
    <>
      {link ? (
        <a href={service.url ?? ""} rel="noreferrer" translate={false}>
          {service.name}
        </a>
      ) : (
        <span translate={false}>{service.name}</span>
      )}
      {service.kind !== "" && <span class="kind">{service.kind}</span>}
    </>
  );
}

function Detail({ service, voice }: { service: Service; voice: Voice }) {
  const { words, format } = voice;
  if (service.reason !== null)
    return (
      <>
        {words.reason(service.reason)}
        {service.detail !== null && service.detail !== "" && (
          <span class="reason" translate={false}>
            {" "}
            {service.detail}
          </span>
        )}
      </>
    );
  if (service.state !== "up" || service.duration_seconds === null) return <>—</>;
  return <>{words.answersIn(format.milliseconds(service.duration_seconds))}</>;
}

export function Services(props: { services: Service[]; counts: Counts; voice: Voice }) {
  const { words, format, now } = props.voice;
  const titles = words.serviceColumns;
  const columns: Column<Service>[] = [
    { title: titles.name, cell: (service) => <Name service={service} /> },
    { title: titles.machine, cell: (service) => <span translate={false}>{service.machine}</span> },
    {
      title: titles.state,
      firstLine: true,
      cell: (service) => <State tone={tones[service.state]}>{words.serviceState[service.state]}</State>,
    },
    { title: titles.since, cell: (service) => (service.since === null ? "—" : format.since(service.since, now)) },
    { title: titles.detail, cell: (service) => <Detail service={service} voice={props.voice} /> },
  ];
  const rows = [...props.services].sort((a, b) => order[a.state] - order[b.state] || a.name.localeCompare(b.name));
  return (
    <Section id="services" title={words.services}>
      {rows.length === 0 ? (
        <Empty text={words.empty.services} code={example} />
      ) : (
        <Table
          caption={words.servicesCaption(props.counts)}
          columns={columns}
          rows={rows}
          keyOf={(service) => `${service.machine}/${service.name}`}
          toneOf={(service) => tones[service.state]}
        />
      )}
    </Section>
  );
}
