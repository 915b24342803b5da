/** A plan in words: what happens to each service, which fields change, where new instances go, what is in the way. */
import type { FieldChange } from "#contracts/observe/audit.ts";
import type { Plan, PlannedGroup, PlannedService } from "#contracts/services/plan.ts";
import type { Context } from "./context.ts";
import { holderText } from "./lock.ts";
import { printable } from "./output/table.ts";
import type { Tone } from "./terminal/colour.ts";

/** Longer values are cut in the middle of a diff. */
const valueLengthMax = 120;
const changesShown = 50;

const marks: Readonly<Record<PlannedService["effect"], { readonly mark: string; readonly tone: Tone }>> = {
  create: { mark: "+", tone: "good" },
  restart: { mark: "~", tone: "warning" },
  scale: { mark: "~", tone: "warning" },
  keep: { mark: "~", tone: "quiet" },
  remove: { mark: "-", tone: "bad" },
  unchanged: { mark: "=", tone: "quiet" },
};

interface PlanTextOptions {
  /** Services that stay as they are and every step are shown too. */
  readonly isWide: boolean;
  /** Services that are not shown one by one, and the lines that stand for them. */
  readonly instead?: { readonly of: ReadonlySet<string>; readonly lines: readonly string[] };
}

/** Lines for people. */
export function planText(context: Context, plan: Plan, { isWide, instead }: PlanTextOptions): string {
  const { say } = context;
  const changed = plan.services.filter(({ effect }) => isWide || effect !== "unchanged");
  const unchanged =
    plan.services.length - plan.services.filter(({ effect }) => effect !== "unchanged").length;
  return [
    ...(plan.isEmpty ? [say("plan.empty")] : []),
    ...(plan.groups ?? []).flatMap((group) => groupLines(context, group)),
    ...changed
      .filter(({ id }) => instead?.of.has(id) !== true)
      .flatMap((service) => serviceLines(context, service, isWide)),
    ...(instead?.lines ?? []),
    ...(unchanged > 0 && !isWide ? [say("plan.unchanged", { count: unchanged })] : []),
    ...(isWide ? stepLines(context, plan) : []),
    ...(plan.isEmpty ? [] : [summary(context, plan)]),
    ...(plan.lockedBy.length === 0
      ? []
      : [say("lock.held"), ...plan.lockedBy.map((holder) => `  ${holderText(context, holder)}`)]),
  ].join("\n");
}

function groupLines(context: Context, { id, effect, changes }: PlannedGroup): readonly string[] {
  const { mark, tone } = marks[effect === "create" ? "create" : "keep"];
  return [
    `${context.paint(tone, mark)} ${context.say(`plan.group.${effect}`, { name: id })}`,
    ...changeLines(context, changes).map((line) => `    ${line}`),
  ];
}

function serviceLines(context: Context, service: PlannedService, isWide: boolean): readonly string[] {
  const { say, paint } = context;
  const { mark, tone } = marks[service.effect];
  const head = say(`plan.effect.${service.effect}`, {
    name: service.id,
    before: service.instancesBefore,
    after: service.instancesAfter,
    restarts: service.restarts,
  });
  const places = service.placements.map(({ hostname, agentId, count, certainty }) =>
    say(`plan.place.${certainty}`, { host: hostname || agentId, count }),
  );
  return [
    `${paint(tone, mark)} ${head}`,
    ...changeLines(context, shownChanges(service, isWide)).map((line) => `    ${line}`),
    ...(places.length === 0 ? [] : [`    ${say("plan.places", { places: places.join(", ") })}`]),
    ...(service.unplaced === 0
      ? []
      : [`    ${paint("bad", say("plan.unplaced", { count: service.unplaced }))}`]),
    ...service.warnings.map(({ message }) => `    ${paint("warning", `! ${printable(message)}`)}`),
  ];
}

/** A service that comes or goes as a whole is one change of everything: only the wide form shows it. */
const shownChanges = ({ changes }: PlannedService, isWide: boolean): readonly FieldChange[] =>
  isWide ? changes : changes.filter(({ path }) => path !== "" && path !== "/");

/** `/mem: 64 → 128`, one a line. */
export function changeLines({ paint, say }: Context, changes: readonly FieldChange[]): readonly string[] {
  const lines = changes.slice(0, changesShown).map(({ path, before, after }) => {
    if (before === undefined) return `${paint("good", `+ ${path}`)}: ${valueText(after)}`;
    if (after === undefined) return `${paint("bad", `- ${path}`)}: ${valueText(before)}`;
    return `${paint("warning", `~ ${path}`)}: ${valueText(before)} → ${valueText(after)}`;
  });
  const more = changes.length - changesShown;
  return more > 0 ? [...lines, say("plan.moreChanges", { count: more })] : lines;
}

function valueText(value: unknown): string {
  const text = printable(JSON.stringify(value) ?? "");
  return text.length > valueLengthMax ? `${text.slice(0, valueLengthMax)}…` : text;
}

function stepLines({ say }: Context, { steps }: Plan): readonly string[] {
  return steps.map(({ actions }, index) =>
    say("plan.step", {
      number: index + 1,
      actions: actions
        .map(({ action, service, from, to }) => `${action} ${service} ${from}→${to}`)
        .join(", "),
    }),
  );
}

function summary({ say }: Context, { services, groups = [], steps }: Plan): string {
  const count = (effect: PlannedService["effect"]): number =>
    services.filter((service) => service.effect === effect).length;
  return say("plan.summary", {
    create: count("create"),
    change: count("restart") + count("scale") + count("keep"),
    remove: count("remove"),
    groups: groups.length,
    restarts: services.reduce((sum, { restarts }) => sum + restarts, 0),
    steps: steps.length,
  });
}
