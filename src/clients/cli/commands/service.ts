/** `keelson service`: services from definition to removal, each change followed to its verdict. */
import { type Answer, RequestFailed } from "#clients/client/cluster.ts";
import {
  type AppInfo,
  createApp,
  deploymentOf,
  getApp,
  listApps,
  removeApp,
  replaceApp,
  restartApp,
  servicePath,
  updateApp,
} from "#clients/client/services.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { CommandFailed, type Context } from "../context.ts";
import { readDefinition } from "../definition-file.ts";
import { positive } from "../numbers.ts";
import { followDeployment, missing } from "../progress.ts";
import { age, table } from "../table.ts";

export interface ChangeFlags {
  readonly wait?: boolean;
  readonly force?: boolean;
}

export interface UpdateFlags extends ChangeFlags {
  readonly file?: string;
}

export interface AddOptions extends ChangeFlags {
  readonly file?: string;
  readonly cmd?: string;
  readonly instances?: string;
  readonly cpus?: string;
  readonly mem?: string;
  readonly env?: readonly string[];
}

export async function add(context: Context, name: string | undefined, options: AddOptions): Promise<void> {
  const definition = {
    ...(options.file === undefined ? {} : readDefinition(context, options.file)),
    ...fromFlags(context, options),
  };
  const id = name ?? definition["id"];
  if (typeof id !== "string") throw new CommandFailed(context.say("service.noName"));
  const answer = await createApp(context.cluster, { ...definition, id: servicePath(id) });
  await conclude(context, servicePath(id), answer, options);
}

function fromFlags(context: Context, options: AddOptions): JsonObject {
  const { cmd, env } = options;
  const instances = positive(context, options.instances, "--instances");
  const cpus = positive(context, options.cpus, "--cpus");
  const mem = positive(context, options.mem, "--mem");
  return {
    ...(cmd === undefined ? {} : { cmd }),
    ...(instances === undefined ? {} : { instances }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(mem === undefined ? {} : { mem }),
    ...(env === undefined ? {} : { env: Object.fromEntries(env.map((pair) => nameAndValue(context, pair))) }),
  };
}

function nameAndValue({ say }: Context, pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new CommandFailed(say("service.badPair", { pair }));
  return [pair.slice(0, at), pair.slice(at + 1)];
}

export async function list(context: Context): Promise<void> {
  const { say, print } = context;
  const apps = await listApps(context.cluster);
  if (context.json) print(JSON.stringify(apps));
  else if (apps.length === 0) print(say("service.none"));
  else
    print(
      table(
        [
          say("column.service"),
          say("column.running"),
          say("column.health"),
          "CPU",
          say("column.memory"),
          say("column.change"),
        ],
        apps.map((app) => [
          app.id,
          `${app.tasksRunning}/${app.instances}`,
          health(context, app),
          app.cpus,
          app.mem,
          (app.deployments ?? []).length === 0 ? "" : say("state.deploying"),
        ]),
      ),
    );
}

function health({ say }: Context, app: AppInfo): string {
  if ((app.healthChecks ?? []).length === 0) return say("state.unchecked");
  return say(
    app.tasksUnhealthy > 0
      ? "state.unhealthy"
      : app.tasksHealthy >= app.instances
        ? "state.healthy"
        : "state.pending",
  );
}

export async function show(context: Context, name: string): Promise<void> {
  const { say, print } = context;
  const app = await existing(context, name);
  if (context.json) {
    print(JSON.stringify(app));
    return;
  }
  const rows: (readonly [string, string | number])[] = [
    [say("column.service"), app.id],
    [say("column.command"), app.cmd ?? ""],
    [say("column.running"), `${app.tasksRunning}/${app.instances}`],
    [say("column.health"), health(context, app)],
    ["CPU", app.cpus],
    [say("column.memory"), `${app.mem} MiB`],
    [say("column.version"), app.version],
  ];
  if (app.lastTaskFailure !== undefined) {
    rows.push([say("column.lastFailure"), `${app.lastTaskFailure.state}: ${app.lastTaskFailure.message}`]);
  }
  print(table(["", ""], rows).trimStart());
  if ((app.tasks ?? []).length === 0) return;
  print("");
  const now = Date.now();
  print(
    table(
      [say("column.task"), say("column.state"), say("column.address"), say("column.age")],
      (app.tasks ?? []).map((task) => [
        task.id,
        task.state,
        [task.host, ...task.ports.slice(0, 1)].join(":"),
        task.startedAt === undefined ? "" : age(Date.parse(task.startedAt), now),
      ]),
    ),
  );
}

export async function scale(
  context: Context,
  name: string,
  count: string,
  flags: ChangeFlags,
): Promise<void> {
  const instances = positive(context, count, "instances") ?? 0;
  const answer = await named(context, name, () => updateApp(context.cluster, name, { instances }, flags));
  await conclude(context, servicePath(name), answer, flags);
}

export async function update(
  context: Context,
  name: string,
  fields: readonly string[],
  flags: UpdateFlags,
): Promise<void> {
  const { say, cluster } = context;
  if (flags.file !== undefined) {
    const definition = readDefinition(context, flags.file);
    const answer = await named(context, name, () =>
      replaceApp(cluster, name, { ...definition, id: servicePath(name) }, flags),
    );
    return conclude(context, servicePath(name), answer, flags);
  }
  if (fields.length === 0) throw new CommandFailed(say("service.nothingToUpdate"));
  const change = Object.fromEntries(
    fields.map((pair) => nameAndValue(context, pair)).map(([field, value]) => [field, literal(value)]),
  );
  const answer = await named(context, name, () => updateApp(cluster, name, change, flags));
  return conclude(context, servicePath(name), answer, flags);
}

/** `3`, `true`, `{"A":"b"}` are JSON; anything else is text. */
function literal(value: string): JsonValue {
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return value;
  }
}

export async function restart(context: Context, name: string, flags: ChangeFlags): Promise<void> {
  const answer = await named(context, name, () => restartApp(context.cluster, name, flags));
  await conclude(context, servicePath(name), answer, flags);
}

export async function remove(context: Context, name: string, flags: ChangeFlags): Promise<void> {
  const answer = await named(context, name, () => removeApp(context.cluster, name));
  const deployment = deploymentOf(answer);
  if (flags.wait !== false && deployment !== undefined)
    await followDeployment(context, servicePath(name), deployment);
  if (context.json) context.print(JSON.stringify(answer.body));
  else context.print(context.say("service.removed", { name: servicePath(name) }));
}

async function existing(context: Context, name: string): Promise<AppInfo> {
  return named(context, name, () => getApp(context.cluster, name));
}

async function named<Result>(context: Context, name: string, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) throw missing(context, servicePath(name));
    throw error;
  }
}

/** Follows what a change started, and says how it ended. */
async function conclude(context: Context, id: string, answer: Answer, flags: ChangeFlags): Promise<void> {
  const { say, print, json } = context;
  const deployment = deploymentOf(answer);
  if (flags.wait === false || deployment === undefined) {
    print(
      json
        ? JSON.stringify(answer.body)
        : say("service.accepted", { name: id, deployment: deployment ?? "-" }),
    );
    return;
  }
  await followDeployment(context, id, deployment);
  const app = await existing(context, id);
  if (json) print(JSON.stringify(app));
  else print(say("service.done", { name: id, running: app.tasksRunning, wanted: app.instances }));
  if (app.tasksRunning < app.instances) {
    throw new CommandFailed(say("service.notComplete", { name: id }));
  }
}
