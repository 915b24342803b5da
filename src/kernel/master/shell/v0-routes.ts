/** The unversioned endpoints, each also under `/master` and with the `.json` that old tools append. */
import type { WeightInfo } from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import {
  type Answer,
  empty,
  type HttpRequest,
  type HttpServer,
  json,
  parseJson,
  parts,
  text,
} from "#foundation/http/index.ts";
import type { Verbosity } from "#foundation/telemetry/index.ts";
import { type MasterState, type Need, statusesOf } from "../core/index.ts";
import { addMaintenanceRoutes, type MaintenanceOrders } from "./maintenance-api.ts";
import { addNodeRoutes } from "./node-routes.ts";
import type { OwnLog } from "./own-log.ts";
import type { Permissions } from "./permissions.ts";
import {
  deleteQuota,
  postQuota,
  type QuotaPort,
  quotaStatus,
  type RoleWeight,
  readWeights,
} from "./quota-calls.ts";
import { type OperateOn, operationForms } from "./resource-operations.ts";
import { rolesJson } from "./roles.ts";
import { agentsJson, frameworkParts, stateParts, summaryJson, type TaskTexts } from "./state-answer.ts";
import { allTasks } from "./v0-records.ts";

export interface V0Context {
  readonly state: MasterState;
  readonly permissions: Permissions;
  readonly texts: TaskTexts;
  /** Fields of `/state` that say who this master is. */
  readonly facts: JsonObject;
  readonly flags: JsonObject;
  readonly metrics: () => JsonObject;
  readonly teardown: (frameworkId: string) => Promise<boolean>;
  readonly operateOn: OperateOn;
  readonly setWeights: (weights: readonly RoleWeight[]) => Promise<void>;
  readonly quota: QuotaPort;
  readonly ownLog: OwnLog;
  readonly verbosity: Verbosity;
  readonly maintenance: MaintenanceOrders;
}

const tasksLimitDefault = 100;
export type V0Handler = (request: HttpRequest) => Answer | Promise<Answer>;
export type AddV0Route = (method: string, name: string, handler: V0Handler, form?: boolean) => void;

export function addV0Routes(server: HttpServer, context: V0Context): void {
  const { permissions, texts, flags } = context;
  const { identity } = context.state;
  const names = new Set<string>();
  const add: AddV0Route = (method, name, handler, form = false) => {
    names.add(name);
    const access = openNames.has(name) ? ({ access: "open" } as const) : {};
    const judged = guarded(permissions, needs.get(name) ?? needs.get(`${method} ${name}`), handler);
    for (const path of [name, `/master${name}`, `${name}.json`, `/master${name}.json`])
      server.route({ method, path, handler: withJsonp(judged), form, ...access });
  };
  const get = (name: string, handler: V0Handler): void => add("GET", name, handler);
  /** One whose answer depends on who may see what. */
  const seen = (name: string, handler: (state: MasterState, request: HttpRequest) => Answer): void =>
    get(name, (request) => handler(permissions.visible(request.principal), request));
  const jsonType = { "content-type": "application/json" };

  seen("/state", (state, { principal }) => {
    const { flags: _flags, ...others } = context.facts;
    const mayFlags = permissions.denial(principal, [viewFlags]) === undefined;
    return parts(stateParts(state, texts, mayFlags ? context.facts : others), jsonType);
  });
  seen("/state-summary", (state) => json(summaryJson(state, { hostname: identity.hostname })));
  seen("/slaves", (state, { query }) => json(agentsJson(state, query.get("slave_id"))));
  seen("/frameworks", (state, { query }) => {
    const wanted = query.get("framework_id");
    const pick = ({ id }: { readonly id: string }): boolean => wanted === null || id === wanted;
    return parts(
      frameworksAnswer(
        [...state.frameworks.values()].filter(pick),
        [...state.completedFrameworks.values()].filter(pick),
        texts,
      ),
      jsonType,
    );
  });
  seen("/tasks", (state, { query }) => tasksAnswer({ state, texts }, query));
  seen("/roles", (state) => json(rolesJson(state)));
  seen("/weights", (state) => json([...state.weights].map(([role, weight]) => ({ role, weight }))));
  get("/quota", async ({ principal }) => json(quotaStatus(await context.quota.list(principal))));
  add("POST", "/quota", (request) => postQuota(context.quota, request));
  for (const path of ["/quota/:role", "/master/quota/:role"]) {
    server.route({
      method: "DELETE",
      path,
      handler: (request) => deleteQuota(context.quota, request),
    });
  }
  add("PUT", "/weights", (request) => putWeights(context, request));
  get("/metrics/snapshot", () => json(context.metrics()));
  addMaintenanceRoutes(add, context.state, context.maintenance);
  get("/health", () => empty(200));
  get("/version", () =>
    json({
      version: context.facts["version"] ?? "",
      build_date: context.facts["build_date"] ?? "",
      build_time: context.facts["build_time"] ?? 0,
      build_user: context.facts["build_user"] ?? "",
    }),
  );
  get("/flags", () => json({ flags }));
  get("/redirect", () => empty(307, { location: `//${identity.hostname}:${identity.port}` }));
  add("POST", "/teardown", (request) => teardown(context, request), true);
  addNodeRoutes(add, context);
  for (const { path, handler } of operationForms(context.operateOn)) add("POST", path, handler, true);
  get("/help", ({ query }) => help([...names].sort(), query.get("format")));
}

const viewFlags: Need = { action: "view_flags" };
/** Answered to everybody, whoever asks. */
const openNames: ReadonlySet<string> = new Set(["/health", "/redirect", "/version"]);
const endpoint = (object: string): [string, Need] => [object, { action: "get_endpoints", object }];
/** What an endpoint, or one of its methods, wants allowed as a whole. */
const needs: ReadonlyMap<string, Need> = new Map<string, Need>([
  ["/flags", viewFlags],
  endpoint("/metrics/snapshot"),
  endpoint("/files/debug"),
  endpoint("/logging/toggle"),
  ["GET /maintenance/schedule", { action: "get_maintenance_schedules" }],
  ["POST /maintenance/schedule", { action: "update_maintenance_schedules" }],
  ["GET /maintenance/status", { action: "get_maintenance_statuses" }],
  ["POST /machine/down", { action: "start_maintenances" }],
  ["POST /machine/up", { action: "stop_maintenances" }],
  ...["browse", "read", "download"].map((name): [string, Need] => [
    `/files/${name}`,
    { action: "access_mesos_logs" },
  ]),
]);

function guarded(permissions: Permissions, need: Need | undefined, handler: V0Handler): V0Handler {
  if (need === undefined) return handler;
  return (request) => permissions.refusal(request.principal, [need]) ?? handler(request);
}

/** What is answered here, for people; `?format=json` as Mesos' own pages read it. */
function help(names: readonly string[], format: string | null): Answer {
  const paths = ["/api/v1", "/api/v1/scheduler", ...names];
  if (format === "json")
    return json({ processes: [{ id: "master", endpoints: paths.map((name) => ({ name, text: "" })) }] });
  return text(`${paths.map((name) => `/master${name}`).join("\n")}\n`);
}

/** `?jsonp=fn` wraps an answer, for pages that load it as a script. */
function withJsonp(handler: V0Handler): V0Handler {
  return async (request) => {
    const answer = await handler(request);
    const name = request.query.get("jsonp");
    if (name === null || answer.kind !== "plain" || typeof answer.body !== "string") return answer;
    if (!/^[A-Za-z_$][\w$.]{0,99}$/.test(name)) return text("jsonp: not the name of a function", 400);
    return {
      ...answer,
      headers: { ...answer.headers, "content-type": "text/javascript" },
      body: `${name}(${answer.body});`,
    };
  };
}

async function* frameworksAnswer(
  frameworks: Parameters<typeof frameworkParts>[0],
  completed: Parameters<typeof frameworkParts>[0],
  texts: TaskTexts,
): AsyncGenerator<Buffer> {
  yield Buffer.from('{"frameworks":[');
  yield* frameworkParts(frameworks, texts);
  yield Buffer.from('],"completed_frameworks":[');
  yield* frameworkParts(completed, texts);
  yield Buffer.from('],"unregistered_frameworks":[]}');
}

function tasksAnswer({ state, texts }: Pick<V0Context, "state" | "texts">, query: URLSearchParams): Answer {
  // Mesos' own command line asks for `-1` tasks, which the original took for as many as there can be.
  const isAll = query.get("limit") === "-1";
  const limit = isAll ? Number.POSITIVE_INFINITY : wholeNumber(query.get("limit"), tasksLimitDefault);
  const offset = wholeNumber(query.get("offset"), 0);
  if (limit === undefined || offset === undefined)
    return text("limit and offset must be whole numbers of 0 or more; a limit of -1 is none", 400);
  const framework = query.get("framework_id");
  const task = query.get("task_id");
  const found = [...state.frameworks.values(), ...state.completedFrameworks.values()]
    .filter(({ id }) => framework === null || id === framework)
    .flatMap(allTasks)
    .filter(({ taskId }) => task === null || taskId === task)
    .map((each) => ({ task: each, startedAt: statusesOf(each)[0]?.timestamp ?? 0 }));
  const sign = query.get("order") === "asc" ? 1 : -1;
  const page = found
    .sort((one, other) => sign * (one.startedAt - other.startedAt))
    .slice(offset, offset + limit);
  return {
    kind: "plain",
    status: 200,
    headers: { "content-type": "application/json" },
    body: `{"tasks":[${page.map((each) => texts.text(each.task)).join(",")}]}`,
  };
}

export function wholeNumber(given: string | null, otherwise: number): number | undefined {
  if (given === null) return otherwise;
  return /^\d{1,9}$/.test(given) ? Number(given) : undefined;
}

async function teardown(context: V0Context, { body, principal }: HttpRequest): Promise<Answer> {
  const { teardown: end, permissions } = context;
  const id = new URLSearchParams(body.toString("utf8")).get("frameworkId");
  if (id === null) return text("Missing 'frameworkId' query parameter", 400);
  const refusal = permissions.refusal(principal, permissions.teardownNeeds(id));
  if (refusal !== undefined) return refusal;
  return (await end(id)) ? empty(200) : text("No framework found with specified ID", 400);
}

async function putWeights(context: V0Context, { body, principal }: HttpRequest): Promise<Answer> {
  const { setWeights, permissions } = context;
  let given: unknown;
  try {
    given = parseJson(body);
  } catch (error) {
    if (error instanceof CodedError) return text(error.message, 400);
    throw error;
  }
  if (!Array.isArray(given)) return text('expecting an array of {"role", "weight"}', 400);
  const infos: WeightInfo[] = [];
  for (const each of given as readonly unknown[]) {
    const { role, weight } = (each ?? {}) as { readonly role?: unknown; readonly weight?: unknown };
    if (typeof role !== "string" || typeof weight !== "number")
      return text(`not a role with a weight: ${JSON.stringify(each)}`, 400);
    infos.push({ role, weight });
  }
  const weights = readWeights(infos);
  if (typeof weights === "string") return text(weights, 400);
  const wanted = weights.map(({ role }): Need => ({ action: "update_weights", object: role }));
  const refusal = permissions.refusal(principal, wanted);
  if (refusal !== undefined) return refusal;
  await setWeights(weights);
  return empty(200);
}
