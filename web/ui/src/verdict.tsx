// SPDX-License-Identifier: AGPL-3.0-or-later
import { useEffect, useRef, useState } from "preact/hooks";

import type { Finding, Overview, Verdict as VerdictState } from "./overview";
import { Sign, type Tone, type Voice } from "./parts";

const tones: Record<VerdictState, Tone> = {
  empty: "unknown",
  unknown: "unknown",
  well: "well",
  warning: "warning",
  critical: "critical",
};

function identity(finding: Finding): string {
  return [finding.code, finding.machine, finding.subject].join("/");
}

function Findings(props: { title: string; findings: Finding[]; currency: string; voice: Voice }) {
  const { words, format, now } = props.voice;
  if (props.findings.length === 0) return null;
  return (
    <>
      <h2 class="findings-title">{props.title}</h2>
      <ul class="findings">
        {props.findings.map((finding) => (
          <li key={identity(finding)}>
            <Sign tone={finding.severity} />
            <div>
              <p>{words.finding(finding, format, now, props.currency)}</p>
              {finding.reason !== null && (
                <details>
                  <summary>{words.detail}</summary>
                  <p class="reason" translate={false}>
                    {finding.reason}
                  </p>
                </details>
              )}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

// One sentence first, then what it rests on, then what is wrong. `confirmed` is when the server last
// said so, or null when it does not answer.
export function Verdict(props: { overview: Overview; confirmed: number | null; voice: Voice }) {
  const { overview, confirmed, voice } = props;
  const { words, format, now } = voice;
  const currency = overview.billing?.currency ?? "CAD";
  const sentence = words.sentence(overview, format, now);

  // Screen readers hear what changed, and not that one more minute went by.
  const facts = [overview.verdict, ...overview.findings.map(identity)].join(" ");
  const heard = useRef(facts);
  const [announced, announce] = useState("");
  useEffect(() => {
    if (heard.current === facts) return;
    heard.current = facts;
    announce([sentence, ...overview.findings.map((each) => words.finding(each, format, now, currency))].join(" "));
  }, [facts]);

  return (
    <section class="verdict" aria-labelledby="sentence">
      <h1 id="sentence" tabIndex={-1}>
        <Sign tone={tones[overview.verdict]} />
        <span>{sentence}</span>
      </h1>
      <p class="basis">
        {words.basis(overview, format, now)}
        {confirmed !== null && <span class="hint"> {words.upToDate(format.time(confirmed))}</span>}
      </p>
      <Findings
        title={words.toRepair}
        findings={overview.findings.filter((finding) => finding.severity === "critical")}
        currency={currency}
        voice={voice}
      />
      <Findings
        title={words.toWatch}
        findings={overview.findings.filter((finding) => finding.severity === "warning")}
        currency={currency}
        voice={voice}
      />
      <p class="unseen" role="status">
        {announced}
      </p>
    </section>
  );
}
