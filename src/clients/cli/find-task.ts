/** The one task somebody means: by its id, a part of it, or the name of its service. */

import { servicePath } from "#clients/client/services.ts";
import { listNodes, listTasks, type TaskItem } from "#contracts/kernel/own-endpoints.ts";
import { type InstanceItem, listInstances } from "#contracts/services/own-endpoints.ts";
import { meant } from "./command-line/parse.ts";
import { similar } from "./command-line/similar.ts";
import { CommandFailed, type Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { isNotFound } from "./naming.ts";
import { everyItem } from "./paging.ts";

export interface FoundTask {
  readonly id: string;
  readonly agentId: string;
  /** Where its agent answers. */
  readonly agent: string;
  readonly task: TaskItem;
  /** Those it was given, when it is an instance of a service. */
  readonly ports: readonly number[];
}

/** A task to forward to; when it goes, another instance of its service takes its place. */
export interface ForwardTarget extends FoundTask {
  /** Absent: another framework's task. */
  readonly service: string | undefined;
}

/** How many ids a sentence names. */
const namedMax = 20;

/**
 * By id or a part of it, of a pod's instance the container of that name; live ones before ended ones. Throws a sentence
 * for none and for several.
 */
export async function findTask(context: Context, text: string, container?: string): Promise<FoundTask> {
  const like = await tasksLike(context, text);
  const tasks = container === undefined ? like : like.filter(({ id }) => containerOf(id) === container);
  const exact = tasks.filter(({ id }) => id === text);
  const live = tasks.filter(({ isEnded }) => !isEnded);
  const candidates = [exact, live, tasks].find((group) => group.length > 0) ?? [];
  // One id may have run several times: the newest is meant.
  const distinct = [...new Map([...candidates].reverse().map((task) => [task.id, task])).values()];
  const [task] = distinct;
  if (task === undefined) throw await noSuchTask(context, text);
  if (distinct.length > 1) throw severalTasks(context, text, distinct);
  const agent = await agentAddress(context, task.agentId);
  return { id: task.id, agentId: task.agentId, agent, task, ports: [] };
}

async function tasksLike(context: Context, text: string): Promise<readonly TaskItem[]> {
  // The server filters by words; what looks like a field of its own is filtered here.
  const filter = /^[\w./-]+$/.test(text) ? { filter: text } : {};
  const { items } = await everyItem(context, (window) =>
    context.connection.call("kernel", listTasks, { query: { ...window, ...filter, ended: true } }),
  );
  return items.filter(({ id }) => id.includes(text));
}

async function noSuchTask(context: Context, text: string): Promise<CommandFailed> {
  const { items } = await context.connection.call("kernel", listTasks, { query: { limit: 1_000 } });
  const near = meant(
    similar(
      text,
      items.map(({ id }) => id),
    ),
  );
  return new CommandFailed(context.say("task.unknown", { text, ...near }), exitCodes.notFound);
}

function severalTasks(context: Context, text: string, tasks: readonly TaskItem[]): CommandFailed {
  const ids = tasks.slice(0, namedMax).map(({ id }) => `\n  ${id}`);
  if (tasks.length > namedMax) ids.push("\n  …");
  return new CommandFailed(context.say("task.several", { text, ids: ids.join("") }), exitCodes.usage);
}

/**
 * A task by id, or the running instance of a service: the healthy one that runs longest, so that it is the same the
 * next time.
 */
export async function findTaskOrService(
  context: Context,
  text: string,
  container?: string,
): Promise<FoundTask> {
  const ofService = await runningTaskOf(context, text, container);
  if (ofService !== undefined) return ofService;
  return await findTask(context, text, container);
}

/** A running instance, by its service or itself. Throws a sentence for none and for several. */
export async function findForwardTarget(context: Context, text: string): Promise<ForwardTarget> {
  const ofService = await runningTaskOf(context, text);
  if (ofService !== undefined) return { ...ofService, service: servicePath(text) };
  const found = await findTask(context, text);
  const service = serviceOfInstance(found.id);
  if (service === undefined) return { ...found, service };
  const query = { service, limit: 1_000 };
  const { items } = await context.connection.call("services", listInstances, { query });
  const instance = items.find(({ taskId }) => taskId === found.id);
  if (found.task.isEnded || instance === undefined) {
    const replacement = await runningTaskOf(context, service);
    if (replacement !== undefined) return { ...replacement, service };
  }
  return { ...found, service, ports: instance?.ports ?? [] };
}

/** `web_cart.instance-…` runs for `/web/cart`. */
export function serviceOfInstance(taskId: string): string | undefined {
  const at = taskId.indexOf(".instance-");
  return at > 0 ? `/${taskId.slice(0, at).replaceAll("_", "/")}` : undefined;
}

/** `shop_cart.instance-….web.3` is the pod's container `web`; an app's has no name there. */
const containerOf = (taskId: string): string | undefined =>
  /\.instance-[^.]+\.([^.]+)\.\d+$/.exec(taskId)?.[1];

/** `undefined`: there is no such service. Throws when it has no running instance. Of a pod the first container. */
async function runningTaskOf(
  context: Context,
  text: string,
  container?: string,
): Promise<FoundTask | undefined> {
  let items: readonly InstanceItem[];
  try {
    const query = { service: servicePath(text), limit: 1_000 };
    ({ items } = await context.connection.call("services", listInstances, { query }));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  const [chosen] = items
    .filter(
      ({ condition, taskId, agentId }) =>
        condition === "Running" && taskId !== undefined && agentId !== undefined,
    )
    .sort(
      (one, other) =>
        Number(other.healthy !== false) - Number(one.healthy !== false) ||
        (one.startedAt ?? 0) - (other.startedAt ?? 0),
    );
  if (chosen?.taskId === undefined) {
    throw new CommandFailed(context.say("service.noRunningInstance", { name: servicePath(text) }));
  }
  const taskId = container === undefined ? chosen.taskId : taskOfContainer(context, chosen, container);
  return { ...(await findTask(context, taskId)), ports: chosen.ports };
}

/** Throws a sentence with the names there are when this is none of them. */
export function taskOfContainer(
  { say }: Context,
  { service, containers = [] }: InstanceItem,
  container: string,
): string {
  const found = containers.find(({ name }) => name === container);
  if (found !== undefined) return found.taskId;
  const names = containers.map(({ name }) => name).join(", ") || "-";
  throw new CommandFailed(
    say("service.noContainer", { name: service, container, names }),
    exitCodes.notFound,
  );
}

/** Where an agent answers, by its id. Throws when it is not registered. */
export async function agentAddress(context: Context, agentId: string): Promise<string> {
  const { items } = await everyItem(context, (query) =>
    context.connection.call("kernel", listNodes, { query }),
  );
  const node = items.find(({ id }) => id === agentId);
  if (node === undefined)
    throw new CommandFailed(context.say("task.agentGone", { id: agentId }), exitCodes.unreachable);
  return context.cluster.agent(node.id, node.url);
}
