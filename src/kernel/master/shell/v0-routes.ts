/** The unversioned endpoints, each also under `/master` and with the `.json` that old tools append. */
import { masterEndpoints } from "#contracts/kernel/endpoint-help.ts";
import type { WeightInfo } from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import {
  type Answer,
  addHelp,
  empty,
  type HttpRequest,
  type HttpServer,
  json,
  metricsSnapshotAnswer,
  parseJson,
  text,
  withJsonp,
} from "#foundation/http/index.ts";
import type { Verbosity } from "#foundation/telemetry/index.ts";
import type { MasterState, Need } from "../core/index.ts";
import { addMaintenanceRoutes, type MaintenanceOrders } from "./maintenance-api.ts";
import { addNodeRoutes } from "./node-routes.ts";
import type { OwnLog } from "./own-log.ts";
import type { Permissions, Refusals } from "./permissions.ts";
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
import type { SharedAnswers } from "./shared-answers.ts";
import {
  agentsPieces,
  frameworksPieces,
  type Pieces,
  type StateView,
  statePieces,
  summaryPieces,
} from "./state-answer.ts";
import { tasksAnswer } from "./tasks-answer.ts";

export interface V0Context {
  readonly state: MasterState;
  readonly permissions: Permissions;
  readonly answers: SharedAnswers;
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

export type V0Handler = (request: HttpRequest) => Answer | Promise<Answer>;
export type AddV0Route = (method: string, name: string, handler: V0Handler, form?: boolean) => void;

/** Adds a route under each of its names, judged by what it needs. `names` gets what was added. */
export const v0Adder =
  (server: HttpServer, refusals: Refusals, names: Set<string>): AddV0Route =>
  (method, name, handler, form = false) => {
    names.add(name);
    const access = openNames.has(name) ? ({ access: "open" } as const) : {};
    const judged = guarded(refusals, needs.get(name) ?? needs.get(`${method} ${name}`), handler);
    for (const path of [name, `/master${name}`, `${name}.json`, `/master${name}.json`])
      server.route({ method, path, handler: withJsonp(judged), form, ...access });
  };

export function addV0Routes(server: HttpServer, context: V0Context): void {
  const { permissions, answers, flags } = context;
  const { identity } = context.state;
  const names = new Set<string>();
  const add = v0Adder(server, permissions, names);
  const get = (name: string, handler: V0Handler): void => add("GET", name, handler);
  /** One whose answer depends on who may see what. */
  const seen = (name: string, handler: (state: MasterState, request: HttpRequest) => Answer): void =>
    get(name, (request) => handler(permissions.visible(request.principal), request));
  /** The same, of what is large. */
  const shared = (
    name: string,
    render: (request: HttpRequest) => (view: StateView) => Pieces,
    variant: (request: HttpRequest) => string | null = () => null,
  ): void =>
    get(name, (request) =>
      answers.answer(request, {
        name: JSON.stringify([name, variant(request)]),
        viewer: () => permissions.viewer(request.principal),
        render: render(request),
      }),
    );

  const factsFor = ({ principal }: HttpRequest): JsonObject => {
    const { flags: _flags, ...others } = context.facts;
    return permissions.denial(principal, [viewFlags]) === undefined ? context.facts : others;
  };
  shared("/state", (request) => (view) => statePieces(view, factsFor(request)));
  shared("/state-summary", () => (view) => summaryPieces(view, { hostname: identity.hostname }));
  const wanted =
    (name: string): ((request: HttpRequest) => string | null) =>
    ({ query }) =>
      query.get(name);
  const agentWanted = wanted("slave_id");
  shared("/slaves", (request) => (view) => agentsPieces(view, agentWanted(request)), agentWanted);
  const frameworkWanted = wanted("framework_id");
  shared(
    "/frameworks",
    (request) => (view) => frameworksPieces(view, frameworkWanted(request)),
    frameworkWanted,
  );
  seen("/tasks", (state, { query }) => tasksAnswer(state, query));
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
  get("/metrics/snapshot", ({ query }) => metricsSnapshotAnswer(query, context.metrics));
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
  addMasterHelp(get, names);
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

function guarded(refusals: Refusals, need: Need | undefined, handler: V0Handler): V0Handler {
  if (need === undefined) return handler;
  return (request) => refusals.refusal(request.principal, [need]) ?? handler(request);
}

/** `/help` of what was added before. */
export function addMasterHelp(
  get: (name: string, handler: V0Handler) => void,
  names: Iterable<string>,
): void {
  const told = ["/api/v1", "/api/v1/scheduler", "/help", ...names];
  addHelp("master", new Map(told.map((name) => [name, masterEndpoints[name] ?? ""])), get);
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
