/** `keelson validate`: definitions judged without a cluster; every fault of every file with where it stands. */
import { type Diagnostic, diagnose } from "#domain/definitions/index.ts";
import type { Input } from "../command-line/input.ts";
import { CommandFailed, type Context } from "../context.ts";
import { filesOf, readText } from "../definition-file.ts";
import { exitCodes } from "../exit-codes.ts";
import { printable } from "../output/table.ts";
import type { View } from "../output/view.ts";
import type { Tone } from "../terminal/colour.ts";

interface Finding extends Diagnostic {
  readonly file: string;
}

const tones: Readonly<Record<Diagnostic["severity"], Tone>> = {
  error: "bad",
  warning: "warning",
  hint: "quiet",
};

export async function validate(context: Context, input: Input): Promise<View> {
  const { say } = context;
  const files = filesOf(context, input.wordsFrom(0));
  const findings = files.flatMap((file): readonly Finding[] => {
    const text = readText(
      file,
      (problem) => new CommandFailed(say("file.unreadable", { path: file, problem })),
    );
    const options = { language: context.language, ...(file === "-" ? {} : { name: file }) };
    return diagnose(text, options).map((found) => ({ file, ...found }));
  });
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return {
    kind: "text",
    data: { files, errors, findings },
    names: findings.map(place),
    text: () =>
      [
        ...findings.map((finding) => line(context, finding)),
        say("validate.summary", { files: files.length, errors, others: findings.length - errors }),
      ].join("\n"),
    ...(errors > 0 ? { exitCode: exitCodes.error } : {}),
  };
}

const place = ({ file, line: row, column }: Finding): string => `${file}:${row}:${column}`;

/** `file:line:col: severity: message`, as compilers and editors have it. */
function line({ say, paint }: Context, finding: Finding): string {
  const severity = paint(tones[finding.severity], say(`severity.${finding.severity}`));
  return `${place(finding)}: ${severity}: ${printable(finding.message)}`;
}
