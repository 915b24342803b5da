/** Numbers, sizes and times as a language writes them. */
import type { Language } from "./languages.ts";

export interface Formats {
  number(value: number): string;
  /** 0 to 1 as a percentage without decimals. */
  percent(share: number): string;
  /** CPUs: at most two decimals. */
  cpus(value: number): string;
  /** From MiB, in the largest unit that keeps it at 1 or more. */
  mebibytes(value: number): string;
  bytes(value: number): string;
  /** Date and time to the second, of ms UTC, in the browser's time zone. */
  instant(at: number): string;
  /** Time of day to the second. */
  timeOfDay(at: number): string;
  /** A length of time in its largest unit, such as `5 min`. */
  duration(ms: number): string;
  /** Such as `5 min ago`. */
  ago(at: number, now: number): string;
}

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const timeUnits = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

const largestUnit = (ms: number): readonly [(typeof timeUnits)[number][0], number] => {
  const [unit, size] = timeUnits.find((candidate) => ms >= candidate[1]) ?? ["second", 1_000];
  return [unit, Math.floor(ms / size)];
};

export function createFormats(language: Language): Formats {
  const locale = language === "zh" ? "zh-CN" : "en-GB";
  const plain = new Intl.NumberFormat(locale);
  const decimals = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const oneDecimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const share = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const instant = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
  const timeOfDay = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" });
  const units = new Map(
    timeUnits.map(([unit]) => [
      unit,
      new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }),
    ]),
  );
  const bytes = (value: number): string => {
    let unit = 0;
    let left = value;
    for (; left >= 1_024 && unit < byteUnits.length - 1; unit += 1) left /= 1_024;
    return `${(left < 10 ? oneDecimal : plain).format(left < 10 ? left : Math.round(left))} ${byteUnits[unit]}`;
  };
  return {
    number: (value) => plain.format(value),
    percent: (value) => share.format(value),
    cpus: (value) => decimals.format(value),
    mebibytes: (value) => (value === 0 ? "0" : bytes(value * 1_048_576)),
    bytes,
    instant: (at) => instant.format(at),
    timeOfDay: (at) => timeOfDay.format(at),
    duration: (ms) => {
      const [unit, count] = largestUnit(Math.max(0, ms));
      return units.get(unit)?.format(count) ?? String(count);
    },
    ago: (at, now) => {
      const [unit, count] = largestUnit(Math.max(0, now - at));
      return relative.format(-count, unit);
    },
  };
}
