// SPDX-License-Identifier: AGPL-3.0-or-later
import { useEffect, useRef, useState } from "preact/hooks";

import { signIn } from "./api";
import type { Messages } from "./messages";

export function SignIn({ words, onSignedIn }: { words: Messages; onSignedIn(): void }) {
  const field = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<((words: Messages) => string) | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => field.current?.focus(), []);

  const refuse = (message: (words: Messages) => string) => {
    setFault(() => message);
    field.current?.focus();
  };

  const submit = async (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (token === "") return refuse((each) => each.signIn.empty);
    setBusy(true);
    const answer = await signIn(token);
    setBusy(false);
    switch (answer.kind) {
      case "signed-in":
        return onSignedIn();
      case "wrong":
        return refuse((each) => each.signIn.wrong);
      case "wait":
        return refuse((each) => each.signIn.wait(answer.seconds));
      case "unreachable":
        return refuse((each) => each.signIn.unreachable);
    }
  };

  return (
    <div class="sign-in">
      <h1 id="sentence" tabIndex={-1}>
        {words.signIn.title}
      </h1>
      <p class="basis">{words.signIn.lead}</p>
      <form class="card" onSubmit={submit} noValidate>
        <label for="token">{words.signIn.label}</label>
        <input
          ref={field}
          id="token"
          name="token"
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          required
          aria-describedby="token-help token-fault"
          aria-invalid={fault !== null}
        />
        <p id="token-fault" class="fault" role="alert">
          {fault?.(words)}
        </p>
        <button type="submit" aria-disabled={busy}>
          {busy ? words.signIn.busy : words.signIn.button}
        </button>
        <p id="token-help" class="hint">
          {words.signIn.help}
        </p>
      </form>
    </div>
  );
}
