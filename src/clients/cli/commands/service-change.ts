/** `keelson service add|update|scale|start|stop|restart|remove` and `run`: each change followed to its verdict. */
import type { Answer } from "#clients/client/cluster.ts";
import { createPod, getPodDefinition, isPodDefinition } from "#clients/client/pods.ts";
import {
  createApp,
  deploymentOf,
  removeApp,
  replaceApp,
  restartApp,
  servicePath,
  updateApp,
} from "#clients/client/services.ts";
import type { BodyOf } from "#contracts/endpoint.ts";
import { applyChange } from "#contracts/services/own-endpoints.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { readDefinition } from "../definition-file.ts";
import type { ExitCode } from "../exit-codes.ts";
import { withLock } from "../lock.ts";
import { literal, nameAndValue, pairsOf } from "../name-value.ts";
import { isNotFound } from "../naming.ts";
import { existingService, namingService } from "../services.ts";
import { concludeChange } from "../verdict.ts";

export async function add(context: Context, input: Input): Promise<ExitCode> {
  const file = input.text("file");
  const definition = {
    ...(file === undefined ? {} : readDefinition(context, file)),
    ...fromFlags(input),
  };
  const id = input.optionalWord(0) ?? definition["id"];
  if (typeof id !== "string") throw new UsageError("service.noName", {}, input.path);
  const create = isPodDefinition(definition) ? createPod : createApp;
  const answer = await withLock(context, input, (options) =>
    create(context.cluster, { ...definition, id: servicePath(id) }, options),
  );
  return await conclude(context, input, id, answer);
}

export async function run(context: Context, input: Input): Promise<ExitCode> {
  const id = input.word(0);
  const command = input.wordsFrom(1);
  const definition = { ...fromFlags(input), ...(command.length === 0 ? {} : { cmd: shellLine(command) }) };
  if (definition["cmd"] === undefined) throw new UsageError("service.noCommand", {}, input.path);
  const answer = await withLock(context, input, (options) =>
    createApp(context.cluster, { ...definition, id: servicePath(id) }, options),
  );
  return await conclude(context, input, id, answer);
}

/** One word is a line for the shell as it stands; several are quoted, so that they arrive as they are. */
function shellLine(words: readonly string[]): string {
  if (words.length === 1) return words[0] ?? "";
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

function fromFlags(input: Input): JsonObject {
  const cmd = input.text("cmd");
  const numbers = (["instances", "cpus", "mem", "disk"] as const).flatMap((name) => {
    const value = input.number(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const maps = [
    ["env", "env"],
    ["labels", "label"],
  ].flatMap(([field = "", flag = ""]) => {
    const given = pairsOf(input, flag);
    return given === undefined ? [] : [[field, given]];
  });
  const constraints = input.all("constraint").map((text) => {
    const [field = "", operator = "", ...value] = text.split(":");
    return value.length === 0 ? [field, operator] : [field, operator, value.join(":")];
  });
  return {
    ...(cmd === undefined ? {} : { cmd }),
    ...Object.fromEntries(numbers),
    ...Object.fromEntries(maps),
    ...(constraints.length === 0 ? {} : { constraints }),
  };
}

export async function update(context: Context, input: Input): Promise<ExitCode> {
  const name = input.word(0);
  const file = input.text("file");
  if (file !== undefined) {
    const definition = { ...readDefinition(context, file), id: servicePath(name) };
    return await change(context, input, name, (options) =>
      isPodDefinition(definition)
        ? apply(context, { definitions: [definition], ...options })
        : replaceApp(context.cluster, name, definition, options),
    );
  }
  const fields = input.wordsFrom(1);
  if (fields.length === 0) throw new UsageError("service.nothingToUpdate", {}, input.path);
  const changes = Object.fromEntries(
    fields.map((pair) => nameAndValue(input, pair)).map(([field, value]) => [field, literal(value)]),
  );
  return await change(context, input, name, (options) =>
    ofEither({
      app: () => updateApp(context.cluster, name, changes, options),
      pod: async () => {
        const definition = await getPodDefinition(context.cluster, servicePath(name));
        return await apply(context, { definitions: [{ ...definition, ...changes }], ...options });
      },
    }),
  );
}

export function scale(context: Context, input: Input): Promise<ExitCode> {
  return scaleTo(context, input, input.numberOf("INSTANCES", input.word(1)));
}

export function start(context: Context, input: Input): Promise<ExitCode> {
  return scaleTo(context, input, input.numberOf("INSTANCES", input.optionalWord(1) ?? "1"));
}

export function stop(context: Context, input: Input): Promise<ExitCode> {
  return scaleTo(context, input, 0);
}

async function scaleTo(context: Context, input: Input, instances: number): Promise<ExitCode> {
  const name = input.word(0);
  return await change(context, input, name, (options) =>
    ofEither({
      app: () => updateApp(context.cluster, name, { instances }, options),
      pod: () => apply(context, { instances: { [servicePath(name)]: instances }, ...options }),
    }),
  );
}

export async function restart(context: Context, input: Input): Promise<ExitCode> {
  const name = input.word(0);
  return await change(context, input, name, (options) =>
    ofEither({
      app: () => restartApp(context.cluster, name, options),
      pod: () => apply(context, { restarts: [servicePath(name)], ...options }),
    }),
  );
}

export async function remove(context: Context, input: Input): Promise<ExitCode> {
  const { say } = context;
  const app = await existingService(context, input.word(0));
  await confirm(context, {
    effect: say("confirm.removeService", { name: app.id, running: app.tasksRunning }),
  });
  const answer = await withLock(context, input, ({ force }) =>
    namingService(context, app.id, () =>
      app.containers === undefined
        ? removeApp(context.cluster, app.id, { force })
        : apply(context, { removals: [app.id], force }),
    ),
  );
  const deployment = deploymentOf(answer);
  if (!input.isOn("no-wait") && deployment !== undefined) {
    const code = await concludeChange(context, input, { deployment, services: [app.id], isRemoval: true });
    if (code !== 0) return code;
  }
  await context.result({
    text: say(input.isOn("no-wait") ? "service.removing" : "service.removed", { name: app.id }),
    data: answer.body,
    name: app.id,
  });
  return 0;
}

interface ForceOption {
  readonly force: boolean;
}

async function change(
  context: Context,
  input: Input,
  name: string,
  attempt: (options: ForceOption) => Promise<Answer>,
): Promise<ExitCode> {
  const answer = await withLock(context, input, (options) =>
    namingService(context, name, () => attempt(options)),
  );
  return await conclude(context, input, name, answer);
}

/** What no app of that name takes is asked of the pod. */
async function ofEither(ask: {
  readonly app: () => Promise<Answer>;
  readonly pod: () => Promise<Answer>;
}): Promise<Answer> {
  try {
    return await ask.app();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return await ask.pod();
  }
}

/** A change of a pod, answered as routes of apps answer theirs. */
async function apply(
  { connection, language }: Context,
  change: Partial<BodyOf<typeof applyChange>>,
): Promise<Answer> {
  const body = { definitions: [], ...change };
  const applied = await connection.call("services", applyChange, { query: { language }, body });
  return { status: 200, headers: new Headers(), body: applied };
}

/** Follows what a change started, and says how it ended. */
async function conclude(context: Context, input: Input, name: string, answer: Answer): Promise<ExitCode> {
  const { say } = context;
  const id = servicePath(name);
  const deployment = deploymentOf(answer);
  if (input.isOn("no-wait") || deployment === undefined) {
    await context.result({
      text: say("service.accepted", { name: id, deployment: deployment ?? "-" }),
      data: answer.body,
      name: id,
    });
    return 0;
  }
  const code = await concludeChange(context, input, { deployment, services: [id] });
  if (code !== 0) return code;
  const app = await existingService(context, id);
  await context.result({
    text: say("service.done", { name: id, running: app.tasksRunning, wanted: app.instances }),
    data: app,
    name: id,
  });
  if (app.tasksRunning < app.instances) throw new CommandFailed(say("service.notComplete", { name: id }), 2);
  return 0;
}
