/** `keelson logs`: what all instances of a service write, as one; replacements join in by themselves. */
import { LineReader, type LogEvent, readLog } from "#clients/client/agent-log.ts";
import { servicePath } from "#clients/client/services.ts";
import { listNodes } from "#contracts/kernel/own-endpoints.ts";
import { type InstanceItem, listInstances } from "#contracts/services/own-endpoints.ts";
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { isNotFound } from "../naming.ts";
import { everyItem } from "../paging.ts";
import { pause } from "../pause.ts";
import { noSuchService } from "../services.ts";
import { paintByNumber } from "../terminal/colour.ts";

const linesShown = 20;
/** How soon a new instance is noticed. */
const lookMs = 300;
/** A new instance's file may not be there yet. */
const fileRetryMs = 200;
/** Instances followed at once. */
const followedMax = 1_000;

interface Options {
  readonly file: "stdout" | "stderr";
  readonly lines: number;
  readonly follow: boolean;
  readonly pattern: RegExp | undefined;
  readonly sinceMs: number | undefined;
  readonly previous: boolean;
  /** Of a pod: only this one. */
  readonly container: string | undefined;
}

/** What one program writes: an instance of an app, or one container of a pod's. */
interface Source extends InstanceItem {
  readonly container?: string;
}

export async function logs(context: Context, input: Input): Promise<void> {
  const id = servicePath(input.word(0));
  const options = optionsOf(input);
  const merge = new Merge(context, id, options);
  const first = await instancesOf(context, id);
  const chosen = chooseInstances(first, options, Date.now()).flatMap((each) => sourcesOf(each, options));
  if (chosen.length === 0 && !options.follow)
    throw new CommandFailed(context.say("service.noInstances", { name: id }), exitCodes.notFound);
  merge.isPrefixed = chosen.length > 1 || options.follow;
  await merge.look(context);
  for (const instance of chosen) merge.start(instance, true);
  // Those that ended before are history: only what comes later joins in.
  for (const { taskId } of first.flatMap((each) => sourcesOf(each, options)))
    if (taskId !== undefined) merge.known.add(taskId);
  if (options.follow) await merge.followReplacements();
  await merge.allEnded();
}

function optionsOf(input: Input): Options {
  const grep = input.text("grep");
  let pattern: RegExp | undefined;
  try {
    pattern = grep === undefined ? undefined : new RegExp(grep);
  } catch (error) {
    throw new UsageError(
      "logs.badPattern",
      { pattern: grep ?? "", problem: errorMessage(error) },
      input.path,
    );
  }
  return {
    file: input.isOn("stderr") ? "stderr" : "stdout",
    lines: Math.min(100_000, Math.floor(input.number("lines") ?? linesShown)),
    follow: input.isOn("follow"),
    pattern,
    sinceMs: input.durationMs("since"),
    previous: input.isOn("previous"),
    container: input.text("container"),
  };
}

/** Each container of a pod's instance writes a log of its own. */
function sourcesOf(instance: InstanceItem, { container }: Pick<Options, "container">): readonly Source[] {
  const { containers } = instance;
  if (containers === undefined) return [instance];
  return containers
    .filter(({ name }) => container === undefined || name === container)
    .map(({ name, taskId }) => ({ ...instance, taskId, container: name }));
}

async function instancesOf(context: Context, service: string): Promise<readonly InstanceItem[]> {
  try {
    const { items } = await everyItem(context, (window) =>
      context.connection.call("services", listInstances, { query: { ...window, service, ended: true } }),
    );
    return items;
  } catch (error) {
    throw isNotFound(error) ? await noSuchService(context, service) : error;
  }
}

/** Running ones; with `previous` the one that ended last, and so too when none runs. Oldest first. */
export function chooseInstances(
  all: readonly InstanceItem[],
  { previous, sinceMs }: Pick<Options, "previous" | "sinceMs">,
  nowMs: number,
): readonly InstanceItem[] {
  const started = all.filter(({ taskId, agentId }) => taskId !== undefined && agentId !== undefined);
  const active = started.filter(({ endedAt }) => endedAt === undefined);
  const ended = started
    .filter(({ endedAt }) => endedAt !== undefined)
    .sort((one, other) => (one.endedAt ?? 0) - (other.endedAt ?? 0));
  const chosen = previous
    ? ended.slice(-1)
    : sinceMs === undefined
      ? active.length > 0
        ? active
        : ended.slice(-1)
      : [...ended.filter(({ endedAt = 0 }) => endedAt >= nowMs - sinceMs), ...active];
  return [...chosen].sort((one, other) => (one.startedAt ?? 0) - (other.startedAt ?? 0));
}

class Merge {
  /** Tasks that were seen, and followed or passed over for good: an instance that is replaced in place has a new one. */
  readonly known = new Set<string>();
  isPrefixed = false;
  readonly #context: Context;
  readonly #service: string;
  readonly #options: Options;
  readonly #following = new Map<string, Promise<void>>();
  #agents: ReadonlyMap<string, string> = new Map();
  /** By instance, so that it keeps its colour. */
  readonly #colours = new Map<string, number>();

  constructor(context: Context, service: string, options: Options) {
    this.#context = context;
    this.#service = service;
    this.#options = options;
  }

  /** Learns where agents answer. */
  async look(context: Context): Promise<void> {
    const { items } = await everyItem(context, (query) =>
      context.connection.call("kernel", listNodes, { query }),
    );
    this.#agents = new Map(items.map(({ id, url }) => [id, context.cluster.agent(id, url)]));
  }

  /** Never returns while the service is there. */
  async followReplacements(): Promise<void> {
    for (;;) {
      await pause(lookMs);
      let instances: readonly InstanceItem[];
      try {
        instances = await instancesOf(this.#context, this.#service);
      } catch (error) {
        if (error instanceof CommandFailed) return;
        // A cluster that does not answer for a moment: what is followed goes on.
        continue;
      }
      for (const instance of instances.flatMap((each) => sourcesOf(each, this.#options))) {
        if (instance.taskId === undefined || instance.agentId === undefined) continue;
        if (!this.#agents.has(instance.agentId)) await this.look(this.#context).catch(() => {});
        this.start(instance, false);
      }
    }
  }

  async allEnded(): Promise<void> {
    await Promise.all(this.#following.values());
  }

  /** `isOld`: it ran before we came, and only its last lines are wanted. */
  start(instance: Source, isOld: boolean): void {
    const { id, taskId, container } = instance;
    if (taskId === undefined || this.known.has(taskId) || this.#following.size >= followedMax) return;
    this.known.add(taskId);
    const writer = container === undefined ? id : `${id} ${container}`;
    const colour = this.#colours.get(writer) ?? this.#colours.size;
    this.#colours.set(writer, colour);
    const following = this.#follow(instance, isOld, colour)
      .catch((error: unknown) => {
        this.#context.warn(this.#context.say("logs.gone", { name: id, problem: errorMessage(error) }));
      })
      .finally(() => this.#following.delete(taskId));
    this.#following.set(taskId, following);
  }

  async #follow(instance: Source, isOld: boolean, colour: number): Promise<void> {
    const agent = this.#agents.get(instance.agentId ?? "");
    if (agent === undefined)
      throw new Error(this.#context.say("task.agentGone", { id: instance.agentId ?? "" }));
    const { follow, lines, file } = this.#options;
    const reader = new LineReader();
    const print = (line: string): void => this.#print(instance, colour, line);
    const onEvent = (event: LogEvent): void => {
      if (event.kind === "output") for (const line of reader.push(event)) print(line);
      if (event.kind === "missed")
        this.#context.note(this.#context.say("logs.missed", { name: shortName(instance) }));
    };
    const request = {
      agent,
      taskId: instance.taskId ?? "",
      file,
      ...(isOld ? { lines } : { offset: 0 }),
      ...(follow && instance.endedAt === undefined ? { follow } : {}),
    };
    for (;;) {
      try {
        await readLog(this.#context.connection, request, onEvent);
        break;
      } catch (error) {
        const isStarting = error instanceof CodedError && error.code === "NotFound" && follow;
        if (!isStarting || !(await this.#isStarting(request.taskId))) throw error;
        await pause(fileRetryMs);
      }
    }
    for (const line of reader.end()) print(line);
  }

  /** Whether an instance whose files are not there yet may still get them. */
  async #isStarting(taskId: string): Promise<boolean> {
    const all = await instancesOf(this.#context, this.#service);
    const now = all
      .flatMap((each) => sourcesOf(each, this.#options))
      .find((source) => source.taskId === taskId);
    return now !== undefined && now.endedAt === undefined && now.startedAt === undefined;
  }

  #print(instance: Source, colour: number, line: string): void {
    const { pattern } = this.#options;
    if (pattern !== undefined && !pattern.test(line)) return;
    const { id, taskId: task, container } = instance;
    if (this.#context.json) {
      this.#context.print(JSON.stringify({ instance: id, task, container, line }));
      return;
    }
    if (!this.isPrefixed) {
      this.#context.print(line);
      return;
    }
    const name = paintByNumber(this.#context.terminal.isColoured, colour, `${shortName(instance)} |`);
    this.#context.print(`${name} ${line}`);
  }
}

/** `web.instance-4f2a1b3c-…` as people tell instances apart, with the container of a pod's. */
const shortName = ({ id, container }: Source): string =>
  [id.replace(/^.*instance-/, "").slice(0, 8), container].filter(Boolean).join(" ");
