/** The reference page of the command line, written from the registry: nothing in it is kept by hand. */
import { type Language, type MessageKey, text } from "#contracts/messages/messages.ts";
import { flagHelp, flagText, usageOf } from "./command-line/help.ts";
import { exitCodes } from "./exit-codes.ts";
import { outputNames } from "./output/format.ts";
import { groupsOfCommands, nounHelp } from "./registry/groups.ts";
import { commands } from "./registry/registry.ts";
import { type CommandSpec, commonFlags, type FlagSpec, readFlags } from "./registry/spec.ts";

type Say = (key: MessageKey, parameters?: Readonly<Record<string, string | number>>) => string;

export function cliReference(language: Language): string {
  const say: Say = (key, parameters) => text(language, key, parameters);
  const sections = groupsOfCommands.flatMap(({ title, paths }) => [
    `## ${say(title).replace(/[:：]$/, "")}`,
    ...paths.flatMap((path) => sectionsBelow(path, say)),
  ]);
  return `${[
    `# ${say("reference.title")}`,
    say("reference.intro"),
    `## ${say("reference.exitCodes")}`,
    exitTable(say),
    `## ${say("reference.outputs")}`,
    say("reference.outputsText", { outputs: outputNames.map((name) => `\`${name}\``).join(", ") }),
    `## ${say("reference.environment")}`,
    environmentTable(say),
    `## ${say("help.commonFlags").replace(/[:：]$/, "")}`,
    flagTable(commonFlags, say),
    ...sections,
  ].join("\n\n")}\n`;
}

function sectionsBelow(path: string, say: Say): readonly string[] {
  const found = commands.filter((spec) => spec.path === path || spec.path.startsWith(`${path} `));
  const key = nounHelp[path];
  return [
    ...(key === undefined ? [] : [`### ${path} …`, say(key)]),
    ...found.flatMap((spec) => section(spec, say)),
  ];
}

function section(spec: CommandSpec, say: Say): readonly string[] {
  const flags = [...(spec.flags ?? []), ...(spec.kind === "read" ? readFlags : [])];
  const columns = spec.kind === "read" ? (spec.columns ?? []) : [];
  return [
    `### ${spec.path}`,
    `\`${usageOf(spec)}\` — ${say(spec.help)}`,
    ...(spec.aliases === undefined
      ? []
      : [say("help.aliases", { aliases: spec.aliases.map((each) => `\`${each}\``).join(", ") })]),
    ...(flags.length === 0 ? [] : [flagTable(flags, say)]),
    ...(columns.length === 0
      ? []
      : [
          say("reference.columns", {
            columns: columns
              .map(({ header, isWide }) => `${say(header)}${isWide === true ? "*" : ""}`)
              .join(", "),
          }),
        ]),
    ...(spec.examples === undefined
      ? []
      : [["```", ...spec.examples.map((example) => `keelson ${example}`), "```"].join("\n")]),
  ];
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

function flagTable(flags: readonly FlagSpec[], say: Say): string {
  const rows = flags.map((flag) => `| \`${cell(flagText(flag).trim())}\` | ${cell(flagHelp(flag, say))} |`);
  return [`| ${say("reference.flag")} | ${say("reference.meaning")} |`, "|---|---|", ...rows].join("\n");
}

function exitTable(say: Say): string {
  const rows = Object.entries(exitCodes).map(
    ([name, code]) => `| ${code} | ${say(`reference.exit.${name as keyof typeof exitCodes}`)} |`,
  );
  return [`| ${say("reference.code")} | ${say("reference.meaning")} |`, "|---|---|", ...rows].join("\n");
}

const variables = [
  "KEELSON_URL",
  "KEELSON_TOKEN",
  "KEELSON_CONTEXT",
  "KEELSON_CONFIG",
  "KEELSON_DATA_DIR",
  "KEELSON_IMPORT_TOKEN",
  "KEELSON_DEBUG",
  "NO_COLOR",
  "FORCE_COLOR",
  "CI",
] as const;

function environmentTable(say: Say): string {
  const rows = variables.map((name) => `| \`${name}\` | ${say(`reference.variable.${name}`)} |`);
  return [`| ${say("reference.variable")} | ${say("reference.meaning")} |`, "|---|---|", ...rows].join("\n");
}
