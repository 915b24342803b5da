/** Help, from the same data that parses: what a command does, takes, and looks like when used. */
import stringWidth from "string-width";
import type { Context } from "../context.ts";
import { outputNames } from "../output/format.ts";
import { groupsOfCommands, nounHelp } from "../registry/groups.ts";
import {
  type ArgumentSpec,
  type CommandSpec,
  commonFlags,
  type FlagSpec,
  readFlags,
} from "../registry/spec.ts";
import { bySpelling, nounOf, otherNouns, spellingsOf } from "../registry/spellings.ts";

type Say = Context["say"];

/** Help on one command, on all below a word, or on everything when `path` is empty. */
export function help(specs: readonly CommandSpec[], path: string, say: Say): string {
  const spec = bySpelling(specs).get(path);
  return (spec === undefined ? helpOnMany(specs, path, say) : helpOn(spec, say)).join("\n");
}

export const usageOf = (spec: CommandSpec, path = spec.path): string =>
  [`keelson ${path}`, ...(spec.arguments ?? []).map(argumentText)].join(" ");

function argumentText({ name, isOptional, isRest }: ArgumentSpec): string {
  const text = isRest === true ? `${name}...` : name;
  return isOptional === true ? `[${text}]` : text;
}

export function flagText({ name, short, value }: FlagSpec): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

function helpOn(spec: CommandSpec, say: Say): readonly string[] {
  const own = [...(spec.flags ?? []), ...(spec.kind === "read" ? readFlags : [])];
  return [
    `${say("help.usage")} ${usageOf(spec)}${say("help.flagsMark")}`,
    "",
    sentence(say(spec.help)),
    ...(spec.aliases === undefined ? [] : ["", say("help.aliases", { aliases: spec.aliases.join(", ") })]),
    ...block(say("help.flags"), flagLines(own, say)),
    ...block(say("help.commonFlags"), flagLines(commonFlags, say)),
    ...(spec.kind === "read" ? ["", say("help.outputs", { outputs: outputNames.join(", ") })] : []),
    ...block(
      say("help.examples"),
      (spec.examples ?? []).map((line) => `  keelson ${line}`),
    ),
  ];
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

function flagLines(flags: readonly FlagSpec[], say: Say): readonly string[] {
  return aligned(flags.map((flag) => [`  ${flagText(flag)}`, flagHelp(flag, say)]));
}

export const flagHelp = ({ help: key, choices }: FlagSpec, say: Say): string =>
  choices === undefined ? say(key) : `${say(key)} (${choices.join("|")})`;

const block = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ["", title, ...lines];

function helpOnMany(specs: readonly CommandSpec[], path: string, say: Say): readonly string[] {
  if (path !== "") {
    const noun = nounOf(path);
    const key = nounHelp[noun];
    const others = otherNouns[noun] ?? [];
    return [
      `${say("help.usage")} keelson ${path} …`,
      ...(key === undefined ? [] : ["", sentence(say(key))]),
      ...(others.length === 0 ? [] : ["", say("help.aliases", { aliases: others.join(", ") })]),
      ...block(say("help.commands"), commandLines(specs, noun, say)),
      "",
      say("help.more", { path: `${path} ` }),
    ];
  }
  const lines = groupsOfCommands.flatMap(({ title, paths }) =>
    block(
      say(title),
      aligned(
        paths.map((one) => {
          const spec = specs.find((each) => each.path === one);
          if (spec !== undefined) return [`  ${one}`, say(spec.help)];
          const key = nounHelp[one];
          return [`  ${one} …`, key === undefined ? "" : say(key)];
        }),
      ),
    ),
  );
  return [
    say("cli.description"),
    "",
    `${say("help.usage")} keelson ${say("help.commandMark")}`,
    ...lines,
    ...block(say("help.commonFlags"), flagLines(commonFlags, say)),
    "",
    say("help.more", { path: "" }),
  ];
}

/** Those that are written below this word in some way; its own spelling comes first. */
const commandLines = (specs: readonly CommandSpec[], noun: string, say: Say): readonly string[] =>
  aligned(
    specs.flatMap((spec) => {
      const spelling = spellingsOf(spec).find((each) => each.startsWith(`${noun} `));
      return spelling === undefined
        ? []
        : [[`  ${usageOf(spec, spelling).slice("keelson ".length)}`, say(spec.help)] as const];
    }),
  );

function aligned(rows: readonly (readonly [string, string])[]): readonly string[] {
  const widest = Math.min(34, Math.max(0, ...rows.map(([left]) => stringWidth(left))));
  return rows.map(
    ([left, right]) => `${left}${" ".repeat(Math.max(1, widest - stringWidth(left) + 1))} ${right}`,
  );
}
