/**
 * A line of output as text that is safe to show: colours as programs ask for them, every other escape sequence taken
 * out, control characters made visible. Nothing in a log can move a cursor, set a title or be taken for our own page.
 * Source: ECMA-48, SGR; xterm's 256 colours.
 */

/** The eight colours by their names in `log-colors.module.css`; bright ones are bold. */
export type AnsiColor = "black" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "white";

export interface Span {
  readonly text: string;
  readonly color?: AnsiColor;
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isUnderlined?: boolean;
}

type Style = Omit<Span, "text">;

const colors: readonly AnsiColor[] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const escapeMark = String.fromCodePoint(0x1b);
const bell = String.fromCodePoint(0x07);
/** The one character that some terminals take for escape and bracket. */
const csi = String.fromCodePoint(0x9b);
const numbers = "([0-?]*)[ -/]*([@-~])";
const sequence = new RegExp(
  [
    `(?:${escapeMark}\\[|${csi})${numbers}`,
    // Titles, links, device control strings: up to their end or the line's.
    `${escapeMark}[\\]PX^_][^${bell}${escapeMark}]*(?:${bell}|${escapeMark}\\\\|$)`,
    `${escapeMark}[ -/]*[0-~]?`,
  ].join("|"),
  "g",
);

/** A line without its line end. */
export function readAnsi(line: string): readonly Span[] {
  if (!hasControls(line)) return line === "" ? [] : [{ text: line }];
  const spans: Span[] = [];
  let style: Style = {};
  let from = 0;
  const put = (text: string): void => {
    const visible = visibleText(text);
    if (visible !== "") spans.push({ text: visible, ...style });
  };
  for (const match of line.matchAll(sequence)) {
    put(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") style = applySgr(style, match[1] ?? "");
  }
  put(line.slice(from));
  return spans;
}

/** A line as it reads, for filters, copies and downloads. */
export function plainText(line: string): string {
  return hasControls(line) ? visibleText(line.replaceAll(sequence, "")) : line;
}

/** Control characters but the tab, and those that turn the direction of writing. */
const control = /(?!\t)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
const controls = new RegExp(control, "gu");

const hasControls = (line: string): boolean => control.test(line);

/** Only what stands behind the last carriage return was left on a terminal; a progress bar's earlier states are not. */
function visibleText(text: string): string {
  const overwritten = text.replace(/\r+$/, "");
  return overwritten.slice(overwritten.lastIndexOf("\r") + 1).replaceAll(controls, visibleControl);
}

/** Unicode has pictures of the first 32. */
function visibleControl(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 ? String.fromCodePoint(0x2400 + code) : "\ufffd";
}

function applySgr(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  let next = style;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const width = codes[index + 1] === 5 ? 2 : codes[index + 1] === 2 ? 4 : 0;
      if (code === 38) next = withColor(next, extendedColor(codes.slice(index + 1, index + 1 + width)));
      index += width;
    } else next = applyCode(next, code);
  }
  return next;
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return {};
  if (code === 1) return { ...style, isBold: true };
  if (code === 2) return { ...style, isDim: true };
  if (code === 4) return { ...style, isUnderlined: true };
  if (code === 22) return without(style, "isBold", "isDim");
  if (code === 24) return without(style, "isUnderlined");
  if (code === 39) return withColor(style, undefined);
  if (code >= 30 && code <= 37) return withColor(style, colors[code - 30]);
  if (code >= 90 && code <= 97) return { ...withColor(style, colors[code - 90]), isBold: true };
  // Backgrounds and blinking are left out: text must stay readable on our own ground.
  return style;
}

function withColor(style: Style, color: AnsiColor | undefined): Style {
  const rest = without(style, "color");
  return color === undefined ? rest : { ...rest, color };
}

const without = (style: Style, ...names: readonly (keyof Style)[]): Style =>
  Object.fromEntries(Object.entries(style).filter(([name]) => !names.some((gone) => gone === name)));

/** The nearest of the eight; undefined for greys, which are the page's own ink. */
function extendedColor(codes: readonly number[]): AnsiColor | undefined {
  const [kind, first = 0, second = 0, third = 0] = codes;
  if (kind === 2) return nearest(first, second, third);
  if (kind !== 5) return undefined;
  if (first < 16) return colors[first % 8];
  if (first >= 232) return undefined;
  const cube = first - 16;
  return nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51);
}

function nearest(red: number, green: number, blue: number): AnsiColor | undefined {
  const highest = Math.max(red, green, blue);
  if (highest - Math.min(red, green, blue) < 40) return undefined;
  const isOn = (part: number): number => (part > highest * 0.6 ? 1 : 0);
  return colors[isOn(red) + 2 * isOn(green) + 4 * isOn(blue)];
}
