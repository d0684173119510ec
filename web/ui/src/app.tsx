// SPDX-License-Identifier: AGPL-3.0-or-later
// The page: asks, shows, asks again; says so when the server does not answer.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";

import { fetchOverview, signOut } from "./api";
import { Backups } from "./backups";
import { Budget } from "./budget";
import { Format } from "./format";
import { chooseLanguage, rememberLanguage, type Language } from "./language";
import { Machines } from "./machines";
import { messagesIn, type Messages } from "./messages";
import type { Overview } from "./overview";
import { Sign, type Voice } from "./parts";
import { Services } from "./services";
import { SignIn } from "./sign_in";
import { Verdict } from "./verdict";

// Milliseconds; less while the first answers are still coming in.
const refreshEvery = 15_000;
const refreshEverySoon = 5_000;

interface Knowledge {
  access: "unknown" | "signed-out" | "signed-in";
  overview: Overview | null;
  confirmed: number | null; // when the server last said that the overview holds
  reachable: boolean;
  now: number;
}

const nothingYet: Knowledge = { access: "unknown", overview: null, confirmed: null, reachable: true, now: Date.now() };

// What the server says, asked for at once, every refreshEvery, and when the page comes back in sight.
function useOverview() {
  const [known, setKnown] = useState<Knowledge>(nothingYet);
  const etag = useRef<string | null>(null);
  const timer = useRef<number | undefined>(undefined);
  const latest = useRef(0); // an answer counts only when nothing was asked or forgotten since

  const refresh = useCallback(async () => {
    clearTimeout(timer.current);
    const mine = ++latest.current;
    const answer = await fetchOverview(etag.current);
    if (mine !== latest.current) return;
    const now = Date.now();
    if (answer.kind === "signed-out") {
      etag.current = null;
      timer.current = undefined;
      setKnown({ ...nothingYet, access: "signed-out", now });
      return;
    }
    if (answer.kind === "new") etag.current = answer.etag;
    setKnown((before) => {
      if (answer.kind === "unreachable") return { ...before, reachable: false, now };
      const overview = answer.kind === "new" ? answer.overview : before.overview;
      return { access: "signed-in", overview, confirmed: now, reachable: true, now };
    });
    const soon = answer.kind === "new" && answer.overview.verdict === "unknown";
    timer.current = window.setTimeout(refresh, soon ? refreshEverySoon : refreshEvery);
  }, []);

  const forget = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = undefined;
    latest.current += 1;
    etag.current = null;
    setKnown({ ...nothingYet, access: "signed-out" });
  }, []);

  useEffect(() => {
    const onVisible = () => {
      if (document.visibilityState === "visible" && timer.current !== undefined) void refresh();
    };
    document.addEventListener("visibilitychange", onVisible);
    void refresh();
    return () => {
      clearTimeout(timer.current);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, []);

  return { known, refresh, forget };
}

// Bad news only: that all is fresh is not worth hearing every 15 seconds.
function Staleness({ known, voice }: { known: Knowledge; voice: Voice }) {
  const { words, format } = voice;
  const said = known.confirmed === null ? words.neverReached : words.stale(format.time(known.confirmed));
  return (
    <p role="status" class={known.reachable ? "unseen" : "stale"}>
      {!known.reachable && (
        <>
          <Sign tone="warning" />
          <span>{said}</span>
        </>
      )}
    </p>
  );
}

function Header(props: { words: Messages; signedIn: boolean; onLanguage(): void; onSignOut(): void }) {
  const { words } = props;
  return (
    <header>
      <p class="brand" translate={false}>
        <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
          <path d="M5 16.5 16 7l11 9.5M8.5 14.5V25h15V14.5M13.5 25v-6h5v6" />
        </svg>
        {words.product}
      </p>
      <div class="controls">
        <button type="button" class="quiet" lang={words.otherLanguage.code} onClick={props.onLanguage}>
          {words.otherLanguage.name}
        </button>
        {props.signedIn && (
          <button type="button" class="quiet" onClick={props.onSignOut}>
            {words.signOut}
          </button>
        )}
      </div>
    </header>
  );
}

function Contents(props: { overview: Overview; confirmed: number | null; voice: Voice }) {
  const { overview, voice } = props;
  return (
    <>
      <Verdict overview={overview} confirmed={props.confirmed} voice={voice} />
      <Machines machines={overview.machines} voice={voice} />
      <Services services={overview.services} counts={overview.counts.services} voice={voice} />
      <Backups jobs={overview.jobs} counts={overview.counts.jobs} voice={voice} />
      <Budget billing={overview.billing} voice={voice} />
    </>
  );
}

export function App() {
  const [language, setLanguage] = useState<Language>(chooseLanguage);
  const { known, refresh, forget } = useOverview();
  const [signOutFailed, setSignOutFailed] = useState(false);
  const main = useRef<HTMLElement>(null);
  const words = messagesIn(language);
  const format = useMemo(() => new Format(language), [language]);
  const voice: Voice = { words, format, now: known.now };

  const sentence = known.overview === null ? "" : words.sentence(known.overview, format, known.now);
  useEffect(() => {
    document.documentElement.lang = format.locale;
    document.title = sentence === "" ? words.product : `${sentence} — ${words.product}`;
  }, [format, sentence]);

  const switchLanguage = () => {
    const other = words.otherLanguage.code;
    rememberLanguage(other);
    setLanguage(other);
  };
  const leave = async () => {
    const closed = await signOut();
    setSignOutFailed(!closed);
    if (closed) forget();
  };
  const enter = async () => {
    await refresh();
    main.current?.querySelector<HTMLElement>("#sentence")?.focus();
  };

  return (
    <>
      <a class="skip" href="#content">
        {words.skip}
      </a>
      <Header words={words} signedIn={known.access === "signed-in"} onLanguage={switchLanguage} onSignOut={leave} />
      <main id="content" ref={main} tabIndex={-1}>
        {known.access !== "signed-out" && <Staleness known={known} voice={voice} />}
        {signOutFailed && (
          <p class="fault" role="alert">
            {words.signOutFailed}
          </p>
        )}
        {known.access === "signed-out" && <SignIn words={words} onSignedIn={enter} />}
        {known.access === "unknown" && known.reachable && <p class="basis">{words.loading}</p>}
        {known.overview !== null && (
          <Contents overview={known.overview} confirmed={known.reachable ? known.confirmed : null} voice={voice} />
        )}
      </main>
      {known.overview !== null && (
        <footer>
          <p class="hint">{words.footer(format.moment(known.overview.time, known.now, words.days))}</p>
        </footer>
      )}
    </>
  );
}
