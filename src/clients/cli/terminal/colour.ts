/** Colour as decoration: every meaning is in the words too. NO_COLOR, FORCE_COLOR and --no-color are heeded. */
import { styleText } from "node:util";
import type { Environment } from "../context.ts";

export type Tone =
  | "good"
  | "bad"
  | "warning"
  | "quiet"
  | "heading"
  | "strong"
  // As a person chose for a context.
  | "red"
  | "green"
  | "yellow"
  | "blue"
  | "magenta"
  | "cyan";
/** The text, painted or as it was. */
export type Paint = (tone: Tone, text: string) => string;

const styles = {
  good: "green",
  bad: "red",
  warning: "yellow",
  quiet: "dim",
  heading: "bold",
  strong: "bold",
  red: "red",
  green: "green",
  yellow: "yellow",
  blue: "blue",
  magenta: "magenta",
  cyan: "cyan",
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>;

const rotation = [
  "cyan",
  "magenta",
  "yellow",
  "blue",
  "green",
  "cyanBright",
  "magentaBright",
  "blueBright",
] as const;

/** Source: no-color.org; FORCE_COLOR as Node reads it. */
export function isColoured(environment: Environment, isTerminal: boolean, isRefused: boolean): boolean {
  if (isRefused || (environment["NO_COLOR"] ?? "") !== "") return false;
  const forced = environment["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return isTerminal && environment["TERM"] !== "dumb";
}

export const createPaint = (isOn: boolean): Paint =>
  isOn
    ? (tone, text) => (text === "" ? "" : styleText(styles[tone], text, { validateStream: false }))
    : (_, text) => text;

/** One of a few colours by number, for the names before merged lines. */
export function paintByNumber(isOn: boolean, number: number, text: string): string {
  const style = rotation[number % rotation.length] ?? "cyan";
  return isOn ? styleText(style, text, { validateStream: false }) : text;
}
