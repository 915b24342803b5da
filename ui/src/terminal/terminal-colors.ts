/** The terminal's colours, from the page's own. */
import type { ITheme } from "@xterm/xterm";

export function terminalColors(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return {
    background: color("--surface"),
    foreground: color("--ink"),
    cursor: color("--accent"),
    cursorAccent: color("--surface"),
    selectionBackground: color("--line-strong"),
    black: color("--ink-quiet"),
    red: color("--bad"),
    green: color("--good"),
    yellow: color("--wait"),
    blue: color("--busy"),
    magenta: color("--busy"),
    cyan: color("--accent"),
    white: color("--ink"),
    brightBlack: color("--ink-quiet"),
    brightRed: color("--bad"),
    brightGreen: color("--good"),
    brightYellow: color("--wait"),
    brightBlue: color("--busy"),
    brightMagenta: color("--busy"),
    brightCyan: color("--accent"),
    brightWhite: color("--ink"),
  };
}
