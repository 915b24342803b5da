/** How a change ended: followed with what changes on the way, then told with its cause. */
import {
  type DeploymentItem,
  explainWhy,
  type InstanceItem,
  listDeployments,
  listInstances,
} from "#contracts/services/own-endpoints.ts";
import type { Reason } from "#contracts/services/reasons.ts";
import type { Input } from "./command-line/input.ts";
import { CommandFailed, type Context } from "./context.ts";
import { type Progress, progressEvents, progressTree } from "./deployment-text.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { failureReport } from "./failure-report.ts";
import { isNotFound } from "./naming.ts";
import { pause } from "./pause.ts";
import { Settling, VerdictPolicy } from "./verdict-policy.ts";

const pollMs = 200;
const defaultTimeoutMs = 600_000;
/** Services of one change whose instances and causes are looked at; the others are known by their deployment. */
const servicesWatchedMax = 20;

export interface Change {
  readonly deployment: string;
  /** Services it is about. */
  readonly services: readonly string[];
  /** They are to be gone when it is over. */
  readonly isRemoval?: boolean;
  /** For the answer of a failure in JSON: what the change was. */
  readonly data?: object;
}

type Outcome =
  | { readonly kind: "succeeded" }
  | {
      readonly kind: "failed" | "cancelled" | "timeout";
      readonly service: string;
      readonly reason: Reason | undefined;
    };

/** Follows a deployment to its verdict. Answers 0 when it succeeded; otherwise tells the cause and answers how it ended. */
export async function concludeChange(context: Context, input: Input, change: Change): Promise<ExitCode> {
  const timeoutMs = input.durationMs("timeout") ?? defaultTimeoutMs;
  const outcome = await follow(context, change, timeoutMs);
  if (outcome.kind === "succeeded") return exitCodes.ok;
  const report = await failureReport(context, outcome.service, outcome.reason);
  const text = [
    context.say(`verdict.${outcome.kind}`, {
      name: outcome.service,
      deployment: change.deployment,
      seconds: Math.round(timeoutMs / 1_000),
    }),
    report.text,
  ].join("\n");
  if (context.json) {
    const { result } = context;
    await result({
      text,
      name: outcome.service,
      data: {
        ...change.data,
        deploymentId: change.deployment,
        verdict: outcome.kind,
        service: outcome.service,
        ...report.data,
      },
    });
  }
  context.warn(text);
  return outcome.kind === "timeout" ? exitCodes.timeout : exitCodes.error;
}

async function follow(context: Context, change: Change, timeoutMs: number): Promise<Outcome> {
  const display = new Display(context);
  const policy = new VerdictPolicy();
  const settling = new Settling();
  const watched = change.services.slice(0, servicesWatchedMax);
  const deadline = Date.now() + timeoutMs;
  let last: Reason | undefined;
  try {
    for (;;) {
      const deployment = await deploymentOf(context, change.deployment);
      const instances = change.isRemoval === true ? [] : await instancesOf(context, watched);
      if (deployment !== undefined) display.show({ deployment, instances });
      const reasons = change.isRemoval === true ? [] : await reasonsOf(context, watched);
      if (deployment === undefined || deployment.state === "succeeded") {
        if (reasons.length === 0 && settling.isSettled(instances, Date.now())) return { kind: "succeeded" };
      }
      const [service = "", reason] = reasons[0] ?? [watched[0]];
      last = reason ?? last;
      if (deployment?.state === "failed" || deployment?.state === "cancelled")
        return { kind: deployment.state, service, reason: last };
      const verdict = policy.see(
        reasons.map(([id, { code }]) => ({ service: id, code })),
        Date.now(),
      );
      if (verdict !== undefined) {
        const cause = reasons.find(([id]) => id === verdict.service)?.[1];
        return { kind: "failed", service: verdict.service, reason: cause };
      }
      if (Date.now() > deadline) return { kind: "timeout", service, reason: last ?? deployment?.reason };
      await pause(pollMs);
    }
  } finally {
    display.end();
  }
}

/** `undefined`: it is forgotten, so it is over. */
export async function deploymentOf(context: Context, id: string): Promise<DeploymentItem | undefined> {
  const { items } = await context.connection.call("services", listDeployments, {
    query: { limit: 1_000, language: context.language },
  });
  return items.find((item) => item.id === id);
}

async function instancesOf(context: Context, services: readonly string[]): Promise<readonly InstanceItem[]> {
  const answers = await Promise.all(
    services.map(async (service) => {
      try {
        const query = { service, limit: 200 };
        return (await context.connection.call("services", listInstances, { query })).items;
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    }),
  );
  return answers.flat();
}

/** The first reason of each service that is not as wished. */
async function reasonsOf(
  context: Context,
  services: readonly string[],
): Promise<readonly (readonly [string, Reason])[]> {
  const answers = await Promise.all(
    services.map(async (name) => {
      try {
        const query = { name, language: context.language };
        const { reasons, isAsWished } = await context.connection.call("services", explainWhy, { query });
        const [first] = reasons;
        return first === undefined || isAsWished ? [] : [[name, first] as const];
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    }),
  );
  return answers.flat();
}

/** A tree that is drawn anew on a terminal; elsewhere a line for each thing that happens. Nothing for programs. */
class Display {
  readonly #context: Context;
  readonly #isTree: boolean;
  #lines = 0;
  #shown = "";
  #before: Progress | undefined;

  constructor(context: Context) {
    this.#context = context;
    this.#isTree = process.stderr.isTTY === true && !context.json;
  }

  show(progress: Progress): void {
    if (this.#isTree) this.#draw(progressTree(this.#context, progress, Date.now()));
    else
      for (const line of progressEvents(this.#context.say, this.#before, progress)) this.#context.note(line);
    this.#before = progress;
  }

  /** The tree goes; what it told is told by the verdict. */
  end(): void {
    if (this.#isTree) this.#draw([]);
  }

  #draw(lines: readonly string[]): void {
    const { columns, rows } = this.#context.terminal;
    const text = lines.join("\n");
    if (text === this.#shown) return;
    this.#shown = text;
    const shown = lines.slice(0, Math.max(1, rows - 2)).map((line) => cut(line, columns));
    const up = this.#lines === 0 ? "" : `\u001b[${this.#lines}A`;
    process.stderr.write(`${up}\u001b[J${shown.map((line) => `${line}\n`).join("")}`);
    this.#lines = shown.length;
  }
}

/** A line that wrapped would leave the cursor where it is not thought to be. */
function cut(line: string, columns: number): string {
  // Painted lines are longer than they look: only those that are surely too long are cut.
  return line.length > columns * 2 ? `${line.slice(0, columns - 1)}…` : line;
}

/** Waits for one deployment by its id, as it was given. Throws when there is none. */
export async function existingDeployment(context: Context, text: string): Promise<DeploymentItem> {
  const { items } = await context.connection.call("services", listDeployments, {
    query: { limit: 1_000, language: context.language },
  });
  const matching = items.filter(({ id }) => id === text || id.startsWith(text));
  const [found] = matching;
  if (found === undefined)
    throw new CommandFailed(context.say("deployment.unknown", { text }), exitCodes.notFound);
  if (matching.length > 1 && found.id !== text) {
    const ids = matching.map(({ id }) => `\n  ${id}`).join("");
    throw new CommandFailed(context.say("deployment.several", { text, ids }), exitCodes.usage);
  }
  return found;
}
