/**
 * What daemons tell, as events of the cluster. Sources: Marathon `/v2/events` (contract marathon.md section 17), Mesos
 * operator API SUBSCRIBE, our own identity service.
 *
 * Nodes come from a stream of the master's own, since the operator API has nothing of links that break and heal.
 * Tasks of services are told by services, who know which service they belong to; those of other frameworks by the
 * kernel. So the kernel's word about the former is left out.
 */
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";

/** An event before it has its place in the stream. */
export type Draft = Omit<ClusterEvent, "id" | "at">;
type Detail = NonNullable<ClusterEvent["detail"]>;

const textMax = 300;

/** From one event of `/v2/events`. */
export function fromServices(event: JsonObject): readonly Draft[] {
  switch (text(event, "eventType")) {
    case "api_post_event":
      return service(at(event, "appDefinition", "id"), "changed");
    case "group_change_success":
      return service(text(event, "groupId"), "changed");
    case "app_terminated_event":
      return service(text(event, "appId"), "removed");
    case "deployment_info":
      return deployment(event, "step");
    case "deployment_success":
    case "deployment_failed":
      return deployment(event, text(event, "eventType"));
    case "status_update_event":
      return servicesTask(event);
    case "instance_changed_event":
      return service(text(event, "runSpecId"), "changed", {
        instance: text(event, "instanceId"),
        condition: text(event, "condition"),
      });
    case "instance_health_changed_event":
      return service(text(event, "runSpecId"), healthWord(event["healthy"]), {
        instance: text(event, "instanceId"),
      });
    case "unhealthy_instance_kill_event":
      return service(text(event, "appId"), "unhealthyKilled", {
        instance: text(event, "instanceId"),
        message: text(event, "reason"),
        host: text(event, "host"),
      });
    default:
      return [];
  }
}

const healthWord = (healthy: JsonValue | undefined): string =>
  healthy === true ? "healthy" : healthy === false ? "unhealthy" : "healthUnknown";

function service(id: string, change: string, detail: Detail = {}): readonly Draft[] {
  return id === "" ? [] : [draft("service", change, id, detail, id)];
}

function servicesTask(event: JsonObject): readonly Draft[] {
  const appId = text(event, "appId");
  return [
    draft(
      "task",
      text(event, "taskStatus"),
      text(event, "taskId"),
      { host: text(event, "host"), message: text(event, "message"), version: text(event, "version") },
      appId === "" ? undefined : appId,
    ),
  ];
}

/** One event, and one for each service it is about. */
function deployment(event: JsonObject, change: string): readonly Draft[] {
  const id = text(event, "id") || at(event, "plan", "id");
  if (id === "") return [];
  const apps = affectedApps(event["plan"]);
  const [only] = apps;
  return [
    draft(
      "deployment",
      change,
      id,
      { message: text(event, "reason"), services: apps.length },
      apps.length === 1 ? only : undefined,
    ),
    ...apps.map((app) => draft("service", "changed", app, { deployment: id }, app)),
  ];
}

const affectedMax = 1_000;

function affectedApps(plan: JsonValue | undefined): readonly string[] {
  const apps = new Set<string>();
  for (const step of listAt(plan, "steps")) {
    for (const action of listAt(step, "actions")) {
      const app = isJsonObject(action) ? text(action, "app") : "";
      if (app !== "" && apps.size < affectedMax) apps.add(app);
    }
  }
  return [...apps];
}

/** Remembers which framework the services are, by what the kernel told before. */
export class KernelEvents {
  readonly #servicesName: string;
  readonly #servicesIds = new Set<string>();

  constructor(servicesName = "marathon") {
    this.#servicesName = servicesName;
  }

  /** From one event of the operator API. */
  take(event: JsonObject): readonly Draft[] {
    switch (text(event, "type")) {
      case "SUBSCRIBED":
        for (const framework of listAt(
          objectAt(event, "subscribed", "get_state", "get_frameworks"),
          "frameworks",
        ))
          this.#learn(objectAt(framework, "framework_info"));
        return [];
      case "TASK_ADDED":
        return this.#taskAdded(objectAt(event, "task_added", "task"));
      case "TASK_UPDATED":
        return this.#taskUpdated(objectAt(event, "task_updated"));
      case "FRAMEWORK_ADDED":
        return this.#framework("added", objectAt(event, "framework_added", "framework", "framework_info"));
      case "FRAMEWORK_UPDATED":
        return this.#framework(
          "changed",
          objectAt(event, "framework_updated", "framework", "framework_info"),
        );
      case "FRAMEWORK_REMOVED":
        return this.#framework("removed", objectAt(event, "framework_removed", "framework_info"));
      default:
        return [];
    }
  }

  #learn(info: JsonObject): void {
    if (text(info, "name") === this.#servicesName) this.#servicesIds.add(at(info, "id", "value"));
  }

  #framework(change: string, info: JsonObject): readonly Draft[] {
    this.#learn(info);
    return [draft("framework", change, at(info, "id", "value"), { name: text(info, "name") })];
  }

  #taskAdded(task: JsonObject): readonly Draft[] {
    if (this.#servicesIds.has(at(task, "framework_id", "value"))) return [];
    return [
      draft("task", text(task, "state") || "TASK_STAGING", at(task, "task_id", "value"), {
        name: text(task, "name"),
        node: at(task, "agent_id", "value"),
      }),
    ];
  }

  #taskUpdated(update: JsonObject): readonly Draft[] {
    if (this.#servicesIds.has(at(update, "framework_id", "value"))) return [];
    return [
      draft("task", text(update, "state"), at(update, "status", "task_id", "value"), {
        message: at(update, "status", "message"),
        node: at(update, "status", "agent_id", "value"),
      }),
    ];
  }
}

/** From one event of the master's own stream, which has more of nodes than the operator API. */
export function fromNodes(event: JsonObject): readonly Draft[] {
  const id = text(event, "agentId");
  return id === ""
    ? []
    : [
        draft("node", text(event, "state"), id, {
          host: text(event, "hostname"),
          standing: text(event, "standing"),
        }),
      ];
}

const jobChanges: ReadonlyMap<string, string> = new Map([
  ["job_created", "created"],
  ["job_updated", "changed"],
  ["job_deleted", "removed"],
  ["job_run_started", "runStarted"],
  ["job_run_updated", "runChanged"],
  ["job_run_finished", "runSucceeded"],
  ["job_run_failed", "runFailed"],
  ["job_run_skipped", "runSkipped"],
]);

/** From one event of Jobs. Contract: `contracts/jobs/job-events.ts`. */
export function fromJobs(event: JsonObject): readonly Draft[] {
  const change = jobChanges.get(text(event, "eventType"));
  const id = text(event, "jobId");
  if (change === undefined || id === "") return [];
  return [
    draft("job", text(event, "what") === "schedule" ? "scheduleChanged" : change, id, {
      run: text(event, "runId"),
      origin: text(event, "origin"),
      status: text(event, "status"),
      task: text(event, "taskState"),
      cause: text(event, "cause"),
      message: text(event, "reason"),
    }),
  ];
}

/** From one event of the identity service. */
export function fromIdentity(event: JsonObject): readonly Draft[] {
  return [draft("user", text(event, "change"), text(event, "uid"))];
}

function draft(
  kind: Draft["kind"],
  change: string,
  object: string,
  detail: Detail = {},
  serviceId?: string,
): Draft {
  const told = Object.entries(detail).filter(([, value]) => value !== "");
  return {
    kind,
    change,
    object: object.slice(0, textMax),
    ...(serviceId === undefined ? {} : { service: serviceId.slice(0, textMax) }),
    ...(told.length === 0
      ? {}
      : {
          detail: Object.fromEntries(
            told.map(([name, value]) => [name, typeof value === "string" ? value.slice(0, textMax) : value]),
          ),
        }),
  };
}

function text(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === "string" ? value : "";
}

function objectAt(value: JsonValue | undefined, ...path: readonly string[]): JsonObject {
  let current = value;
  for (const name of path) current = isJsonObject(current) ? current[name] : undefined;
  return isJsonObject(current) ? current : {};
}

function at(object: JsonObject, ...path: readonly string[]): string {
  return text(objectAt(object, ...path.slice(0, -1)), path.at(-1) ?? "");
}

function listAt(value: JsonValue | undefined, name: string): readonly JsonValue[] {
  const list = isJsonObject(value) ? value[name] : undefined;
  return Array.isArray(list) ? (list as readonly JsonValue[]) : [];
}
