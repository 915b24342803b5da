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
/** A cluster that moves has thousands of lines to tell: programs get all of them. */
const linesOfKindMax = 12;
const refusalLinesMax = 100;
const servicesShown = 20;

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
          ...grouped(context, refusals, refusalLinesMax).map((line) => `  ${paint("bad", "✗")} ${line}`),
        ]),
    ...(others.length === 0
      ? []
      : [
          say("import.different"),
          ...groupedByCode(context, others).map((line) => `  ${paint("warning", "!")} ${line}`),
        ]),
    ...(plan === undefined ? [] : [planShown(context, plan)]),
    ...jobs.create.map((id) => `${paint("good", "+")} ${say("import.job.create", { id })}`),
    ...jobs.replace.map((id) => `${paint("warning", "~")} ${say("import.job.replace", { id })}`),
    ...(jobs.unchanged.length === 0 ? [] : [say("import.job.unchanged", { count: jobs.unchanged.length })]),
  ].join("\n");
}

const countOf = ({ create, replace, unchanged, refused }: Outcome): number =>
  create.length + replace.length + unchanged.length + refused.length;

/** What comes is named; beyond a few services what is to be known of them is said of many at once. */
function planShown(context: Context, plan: Plan): string {
  const { say, paint } = context;
  const created = plan.services.filter(({ effect }) => effect === "create").slice(servicesShown);
  const about = created.flatMap(({ id, warnings }) => warnings.map(({ message: text }) => ({ id, text })));
  const instead = {
    of: new Set(created.map(({ id }) => id)),
    lines: [
      ...(created.length === 0
        ? []
        : [`${paint("good", "+")} ${say("import.moreServices", { count: created.length })}`]),
      ...together(context, about, linesOfKindMax).map((line) => `    ${paint("warning", `! ${line}`)}`),
    ],
  };
  return planText(context, plan, { isWide: false, instead });
}

function groupedByCode(context: Context, findings: readonly Finding[]): readonly string[] {
  const byCode = new Map<Finding["code"], Finding[]>();
  for (const finding of findings) {
    const same = byCode.get(finding.code);
    if (same === undefined) byCode.set(finding.code, [finding]);
    else same.push(finding);
  }
  return [...byCode.values()].flatMap((same) => grouped(context, same, linesOfKindMax));
}

const grouped = (context: Context, findings: readonly Finding[], linesMax: number): readonly string[] =>
  together(
    context,
    findings.map((finding) => ({ id: finding.id, text: sentence(context, finding) })),
    linesMax,
  );

/** What is true of many is said once, with their names; of `linesMax` sentences at most. */
function together(
  { say }: Context,
  said: readonly { readonly id: string; readonly text: string }[],
  linesMax: number,
): readonly string[] {
  const byText = new Map<string, Set<string>>();
  for (const { id, text } of said) {
    const ids = byText.get(text);
    if (ids === undefined) byText.set(text, new Set([id]));
    else ids.add(id);
  }
  const lines = [...byText].slice(0, linesMax).map(([text, ids]) => {
    const more = ids.size - idsShown;
    const names = [...ids].slice(0, idsShown).join(", ");
    return printable(
      say("import.finding", {
        names: more > 0 ? say("import.andMore", { names, count: more }) : names,
        text,
      }),
    );
  });
  const more = byText.size - linesMax;
  return more > 0 ? [...lines, say("import.moreFindings", { count: more })] : lines;
}

function sentence({ say }: Context, finding: Finding): string {
  return say(keyOf(finding), {
    field: finding.field ?? "",
    was: valueText(finding.was),
    now: valueText(finding.now),
    reason: finding.reason ?? "",
  });
}

function keyOf({ code, reason }: Finding): MessageKey {
  switch (code) {
    case "noEffect":
      return `import.finding.noEffect.${reason === "package" || reason === "dockerParameter" ? reason : "virtualAddress"}`;
    case "data":
      return `import.finding.data.${reason === "persistent" || reason === "external" ? reason : "host"}`;
    default:
      return `import.finding.${code}`;
  }
}

function valueText(value: JsonValue | undefined): string {
  if (typeof value === "string") return cut(value);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return cut(value.join(", "));
  return value === undefined ? "" : cut(JSON.stringify(value));
}

const cut = (text: string): string =>
  text.length > valueLengthMax ? `${text.slice(0, valueLengthMax)}…` : text;
