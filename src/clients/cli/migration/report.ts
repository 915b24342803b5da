/** What an import does and what will be different, for people and for programs. */
import type { MessageKey } from "#contracts/messages/messages.ts";
import type { Plan } from "#contracts/services/plan.ts";
import { type Finding, isRefusal } from "#domain/migration/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Context } from "../context.ts";
import { printable } from "../output/table.ts";
import { planText } from "../plan-text.ts";

export interface Outcome {
  readonly create: readonly string[];
  readonly replace: readonly string[];
  readonly unchanged: readonly string[];
  readonly refused: readonly string[];
}

export interface ImportReport {
  readonly source: { readonly from: readonly string[]; readonly marathonVersion?: string | undefined };
  readonly services: Outcome;
  readonly jobs: Outcome;
  readonly findings: readonly Finding[];
  /** Absent where there is no service to import. */
  readonly plan?: Plan | undefined;
}

const valueLengthMax = 100;
const idsShown = 5;

/** The report in JSON: each finding with its sentence. */
export function reportData(context: Context, report: ImportReport): object {
  return {
    ...report,
    findings: report.findings.map((finding) => ({ ...finding, message: sentence(context, finding) })),
  };
}

/** Lines for people; the plan comes last, since it is what is done. */
export function reportText(context: Context, report: ImportReport): string {
  const { say, paint } = context;
  const { findings, services, jobs, plan } = report;
  const { from, marathonVersion } = report.source;
  const refusals = findings.filter(isRefusal);
  const others = findings.filter((finding) => !isRefusal(finding));
  return [
    say("import.head", {
      from: `${from.join(", ")}${marathonVersion === undefined ? "" : ` (Marathon ${marathonVersion})`}`,
      services: countOf(services),
      jobs: countOf(jobs),
    }),
    ...(refusals.length === 0
      ? []
      : [
          say("import.refused", { count: services.refused.length + jobs.refused.length }),
          ...grouped(context, refusals).map((line) => `  ${paint("bad", "✗")} ${line}`),
        ]),
    ...(others.length === 0
      ? []
      : [
          say("import.different"),
          ...grouped(context, others).map((line) => `  ${paint("warning", "!")} ${line}`),
        ]),
    ...(plan === undefined ? [] : [planText(context, plan, { isWide: false })]),
    ...jobs.create.map((id) => `${paint("good", "+")} ${say("import.job.create", { id })}`),
    ...jobs.replace.map((id) => `${paint("warning", "~")} ${say("import.job.replace", { id })}`),
    ...(jobs.unchanged.length === 0 ? [] : [say("import.job.unchanged", { count: jobs.unchanged.length })]),
  ].join("\n");
}

const countOf = ({ create, replace, unchanged, refused }: Outcome): number =>
  create.length + replace.length + unchanged.length + refused.length;

/** What is true of many is said once, with their names. */
function grouped(context: Context, findings: readonly Finding[]): readonly string[] {
  const byText = new Map<string, string[]>();
  for (const finding of findings) {
    const text = sentence(context, finding);
    const ids = byText.get(text);
    if (ids === undefined) byText.set(text, [finding.id]);
    else if (!ids.includes(finding.id)) ids.push(finding.id);
  }
  return [...byText].map(([text, ids]) => {
    const more = ids.length - idsShown;
    const names = ids.slice(0, idsShown).join(", ");
    return printable(
      context.say("import.finding", {
        names: more > 0 ? context.say("import.andMore", { names, count: more }) : names,
        text,
      }),
    );
  });
}

function sentence({ say }: Context, finding: Finding): string {
  const { code, reason = "" } = finding;
  const key: MessageKey =
    code !== "noEffect"
      ? `import.finding.${code}`
      : reason === "package"
        ? "import.finding.noEffect.package"
        : "import.finding.noEffect.virtualAddress";
  return say(key, {
    field: finding.field ?? "",
    was: valueText(finding.was),
    now: valueText(finding.now),
    reason,
  });
}

function valueText(value: JsonValue | undefined): string {
  if (typeof value === "string") return cut(value);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return cut(value.join(", "));
  return value === undefined ? "" : cut(JSON.stringify(value));
}

const cut = (text: string): string =>
  text.length > valueLengthMax ? `${text.slice(0, valueLengthMax)}…` : text;
