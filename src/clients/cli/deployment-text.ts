/** A deployment under way: as a tree on a terminal, as one line for each thing that happens elsewhere. */
import type { DeploymentItem, InstanceItem } from "#contracts/services/own-endpoints.ts";
import type { Context } from "./context.ts";
import { age, printable, span } from "./output/table.ts";

/** Instances of one service in the tree; of more only the count is told. */
const instancesShown = 8;

type Say = Context["say"];

/** What is there of a change at one moment. */
export interface Progress {
  readonly deployment: DeploymentItem;
  readonly instances: readonly InstanceItem[];
}

/** Lines of the tree: the sum, then each step with its services and their instances. */
export function progressTree(
  context: Context,
  { deployment, instances }: Progress,
  nowMs: number,
): readonly string[] {
  const { say, paint } = context;
  const lines = [paint("strong", sumText(say, deployment, nowMs))];
  deployment.steps.forEach(({ actions }, index) => {
    const number = index + 1;
    const isNow = deployment.state === "running" && deployment.step === number;
    const mark = number < deployment.step || deployment.state === "succeeded" ? "✓" : isNow ? "▸" : "·";
    lines.push(
      `${mark} ${say("progress.step", { number, actions: actions.map((each) => actionText(say, each)).join(", ") })}`,
    );
    if (!isNow) return;
    for (const { service } of actions) {
      if (actions.length > 1) lines.push(`  ${service}`);
      lines.push(...instanceLines(context, service, instances, nowMs));
    }
  });
  const reason = waitingReason(deployment);
  if (reason !== undefined) lines.push(say("progress.waiting", { reason: printable(reason) }));
  return lines;
}

function instanceLines(
  { say, paint }: Context,
  service: string,
  instances: readonly InstanceItem[],
  nowMs: number,
): readonly string[] {
  const own = instances.filter((instance) => instance.service === service);
  const shown = own.slice(-instancesShown);
  const lines = shown.map((instance) => {
    const isBad = instance.condition === "Failed" || instance.healthy === false;
    const text = `${shortId(instance)}  ${conditionText(say, instance)}  ${instance.hostname ?? ""}  ${age(instance.startedAt, nowMs)}`;
    return `    ${isBad ? paint("bad", text.trimEnd()) : text.trimEnd()}`;
  });
  const more = own.length - shown.length;
  return more > 0 ? [`    ${say("progress.moreInstances", { count: more })}`, ...lines] : lines;
}

function sumText(say: Say, deployment: DeploymentItem, nowMs: number): string {
  const { step, steps, done, wanted, startedAt } = deployment;
  const elapsed = nowMs - startedAt;
  // Instances become as wished at a steady pace or so: the rest takes as long as its share.
  const sum = say("progress.sum", { step, steps: steps.length, done, wanted, elapsed: span(elapsed) });
  return done > 0 && done < wanted
    ? sum + say("progress.left", { left: span((elapsed / done) * (wanted - done)) })
    : sum;
}

export const actionText = (
  say: Say,
  action: {
    readonly action: "start" | "stop" | "scale" | "restart";
    readonly service: string;
    readonly from: number;
    readonly to: number;
  },
): string =>
  say(`progress.action.${action.action}`, { service: action.service, from: action.from, to: action.to });

/** `Running, healthy`. */
export function conditionText(say: Say, { condition, healthy, ready }: InstanceItem): string {
  return [
    condition,
    ...(healthy === undefined ? [] : [say(healthy ? "state.healthy" : "state.unhealthy")]),
    ...(ready === false ? [say("state.notReady")] : []),
  ].join(", ");
}

const shortId = ({ id }: InstanceItem): string => id.replace(/^.*instance-/, "").slice(0, 8);

/** What it waits for; that it is under way is said by its steps. */
function waitingReason({ reason }: DeploymentItem): string | undefined {
  return reason === undefined || reason.code === "deploymentRunning" ? undefined : reason.message;
}

/** What happened between two looks, one line each, in an order that does not jump. */
export function progressEvents(say: Say, before: Progress | undefined, now: Progress): readonly string[] {
  const lines: string[] = [];
  const { deployment } = now;
  if (before?.deployment.step !== deployment.step && deployment.step > 0) {
    const actions = deployment.steps[deployment.step - 1]?.actions ?? [];
    lines.push(
      say("progress.stepBegins", {
        number: deployment.step,
        steps: deployment.steps.length,
        actions: actions.map((each) => actionText(say, each)).join(", "),
      }),
    );
  }
  const known = new Map(before?.instances.map((instance) => [instance.id, instance]));
  for (const instance of now.instances) {
    const old = known.get(instance.id);
    // Those that were there before the change are told when they change.
    if (before === undefined) continue;
    const text = conditionText(say, instance);
    if (old !== undefined && conditionText(say, old) === text) continue;
    lines.push(
      say(instance.cause === undefined ? "progress.instance" : "progress.instanceEnded", {
        service: instance.service,
        instance: shortId(instance),
        state: text,
        host: instance.hostname ?? "-",
        cause: printable(instance.cause ?? ""),
      }),
    );
  }
  const reason = waitingReason(deployment);
  if (reason !== undefined && reason !== (before && waitingReason(before.deployment)))
    lines.push(say("progress.waiting", { reason: printable(reason) }));
  return lines;
}
