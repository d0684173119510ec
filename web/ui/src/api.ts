// SPDX-License-Identifier: AGPL-3.0-or-later
// The server, as the page sees it. Nothing here throws: what went wrong is an answer too.
import type { Overview } from "./overview";

const answerWithin = 10_000; // milliseconds

export type OverviewAnswer =
  | { kind: "new"; overview: Overview; etag: string | null }
  | { kind: "unchanged" }
  | { kind: "signed-out" }
  | { kind: "unreachable" };

export async function fetchOverview(etag: string | null): Promise<OverviewAnswer> {
  try {
    const response = await fetch("/api/v1/overview", {
      headers: etag === null ? {} : { "If-None-Match": etag },
      cache: "no-store", // the tag is ours to send, and a 304 ours to see
      signal: AbortSignal.timeout(answerWithin),
    });
    if (response.status === 304) return { kind: "unchanged" };
    if (response.status === 401) return { kind: "signed-out" };
    if (!response.ok) return { kind: "unreachable" };
    const overview = (await response.json()) as Overview;
    return { kind: "new", overview, etag: response.headers.get("ETag") };
  } catch {
    return { kind: "unreachable" };
  }
}

export type SignInAnswer =
  | { kind: "signed-in" }
  | { kind: "wrong" }
  | { kind: "wait"; seconds: number }
  | { kind: "unreachable" };

export async function signIn(token: string): Promise<SignInAnswer> {
  try {
    const response = await fetch("/api/v1/session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
      signal: AbortSignal.timeout(answerWithin),
    });
    if (response.ok) return { kind: "signed-in" };
    if (response.status === 429)
      return { kind: "wait", seconds: Number(response.headers.get("Retry-After") ?? "60") };
    return response.status === 401 ? { kind: "wrong" } : { kind: "unreachable" };
  } catch {
    return { kind: "unreachable" };
  }
}

// True when the server has closed the session; the cookie is out of the page's own reach.
export async function signOut(): Promise<boolean> {
  try {
    const response = await fetch("/api/v1/session", { method: "DELETE", signal: AbortSignal.timeout(answerWithin) });
    return response.ok;
  } catch {
    return false;
  }
}
