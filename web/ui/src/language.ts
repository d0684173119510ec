// SPDX-License-Identifier: AGPL-3.0-or-later
// Which language the page speaks: ?lang=, what was chosen before, the browser's, or else French.

export type Language = "fr" | "en";

const key = "intendance.language";

function known(text: string | null): Language | null {
  if (text === null) return null;
  const start = text.toLowerCase().slice(0, 2);
  return start === "fr" || start === "en" ? start : null;
}

function remembered(): Language | null {
  try {
    return known(localStorage.getItem(key));
  } catch {
    return null; // storage may be forbidden
  }
}

export function chooseLanguage(): Language {
  const asked = known(new URLSearchParams(location.search).get("lang"));
  return asked ?? remembered() ?? navigator.languages.map(known).find((each) => each !== null) ?? "fr";
}

export function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(key, language);
  } catch {
    // It is chosen for this visit only.
  }
  const address = new URL(location.href);
  address.searchParams.delete("lang"); // or it would win over the choice at the next visit
  history.replaceState(null, "", address);
}
