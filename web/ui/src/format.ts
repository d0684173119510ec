// SPDX-License-Identifier: AGPL-3.0-or-later
// Numbers, dates and durations as people in Québec and in Canada write them.
import type { Language } from "./language";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

// A figure and its unit stay on one line.
function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}

export class Format {
  readonly locale: string;
  private readonly decimal: Intl.NumberFormat;
  private readonly clock: Intl.DateTimeFormat;
  private readonly date: Intl.DateTimeFormat;
  private readonly longDate: Intl.DateTimeFormat;

  constructor(language: Language) {
    this.locale = language === "fr" ? "fr-CA" : "en-CA";
    this.decimal = new Intl.NumberFormat(this.locale, { maximumFractionDigits: 2 });
    this.clock = new Intl.DateTimeFormat(this.locale, { hour: "2-digit", minute: "2-digit" });
    this.date = new Intl.DateTimeFormat(this.locale, { day: "numeric", month: "short" });
    this.longDate = new Intl.DateTimeFormat(this.locale, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  }

  number(value: number): string {
    return this.decimal.format(value);
  }

  // The share of `part` in `whole`.
  percent(part: number, whole: number): string {
    const share = whole > 0 ? part / whole : 0;
    return new Intl.NumberFormat(this.locale, { style: "percent", maximumFractionDigits: 0 }).format(share);
  }

  // Of a whole number of percent.
  wholePercent(value: number): string {
    return this.percent(value, 100);
  }

  bytes(value: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
    let scaled = value;
    let unit = 0;
    while (Math.abs(scaled) >= 1000 && unit < units.length - 1) {
      scaled /= 1000;
      unit += 1;
    }
    const digits = unit === 0 || scaled >= 100 ? 0 : 1;
    return unbroken(
      new Intl.NumberFormat(this.locale, {
        style: "unit",
        unit: units[unit] ?? "byte",
        unitDisplay: "short",
        maximumFractionDigits: digits,
      }).format(scaled),
    );
  }

  // Whole cents, exactly: the dollars and the cents are never divided as one floating number.
  money(cents: number, currency: string): string {
    const absolute = Math.abs(cents);
    const rest = String(absolute % 100).padStart(2, "0");
    const dollars = (absolute - (absolute % 100)) / 100;
    const text = new Intl.NumberFormat(this.locale, { style: "currency", currency, currencyDisplay: "narrowSymbol" })
      .formatToParts(dollars)
      .map((part) => (part.type === "fraction" ? rest : part.value))
      .join("");
    return cents < 0 ? `−${text}` : text;
  }

  private unit(value: number, unit: string): string {
    return unbroken(new Intl.NumberFormat(this.locale, { style: "unit", unit, unitDisplay: "long" }).format(value));
  }

  // One figure is enough to know what to think: "8 minutes", "5 heures", "3 jours".
  duration(seconds: number): string {
    const positive = Math.max(seconds, minute); // no age is worth seconds, and clocks differ
    if (positive < hour) return this.unit(Math.floor(positive / minute), "minute");
    if (positive < 2 * day) return this.unit(Math.floor(positive / hour), "hour");
    return this.unit(Math.floor(positive / day), "day");
  }

  since(time: string, now: number): string {
    return this.duration((now - Date.parse(time)) / 1000);
  }

  // "124 h", whole hours: nobody plans by the minute.
  hours(minutes: number): string {
    return `${this.number(Math.floor(minutes / 60))}\u00a0h`;
  }

  milliseconds(seconds: number): string {
    return `${this.number(Math.round(seconds * 1000))}\u00a0ms`;
  }

  // "08 h 12"
  time(time: number): string {
    return unbroken(this.clock.format(time));
  }

  // "aujourd'hui à 08 h 12", "demain à …", "le 20 nov. à …" in the words of `days`.
  moment(time: string, now: number, days: DayWords): string {
    const then = new Date(time);
    const clock = this.time(then.getTime());
    const midnight = (value: Date) => new Date(value.getFullYear(), value.getMonth(), value.getDate()).getTime();
    const apart = Math.round((midnight(then) - midnight(new Date(now))) / (day * 1000));
    if (apart === 0) return days.today(clock);
    if (apart === 1) return days.tomorrow(clock);
    if (apart === -1) return days.yesterday(clock);
    return days.other(unbroken(this.date.format(then)), clock);
  }

  // Of a day without a time: "1er avril 2026", which Intl would write "1 avril".
  day(isoDate: string): string {
    const text = this.longDate.format(new Date(`${isoDate}T00:00:00Z`));
    return unbroken(this.locale === "fr-CA" ? text.replace(/^1 /, "1er ") : text);
  }
}

export interface DayWords {
  today(clock: string): string;
  tomorrow(clock: string): string;
  yesterday(clock: string): string;
  other(date: string, clock: string): string;
}
