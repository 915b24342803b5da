/** Whether somebody may do or see something at this agent. Source: contract mesos.md section 7. */
import type { ErrorCode } from "#contracts/errors.ts";
import type { AgentCall, AgentCallType, ContainerID } from "#contracts/kernel/messages.gen.ts";
import type { AuthorizationAction, Authorizer } from "#domain/authorization/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { type Handler, nameOf, type Principal, text } from "#foundation/http/index.ts";
import type { TaskRun } from "../core/task-run.ts";
import type { AgentView } from "../core/view.ts";
import type { MeasuredContainer } from "./usage.ts";

/** What an executor may do with the containers within its own. */
const executorsOwn: ReadonlySet<AuthorizationAction> = new Set<AuthorizationAction>([
  "launch_nested_containers_as_user",
  "wait_nested_containers",
  "kill_nested_containers",
  "remove_nested_containers",
  "attach_containers_input",
  "attach_containers_output",
]);

export class AgentPermissions {
  readonly #authorizer: Authorizer;
  readonly #view: () => AgentView;

  constructor(authorizer: Authorizer, view: () => AgentView) {
    this.#authorizer = authorizer;
    this.#view = view;
  }

  may(principal: Principal, action: AuthorizationAction, object?: string): boolean {
    if (principal.kind === "internal") return true;
    if (principal.kind === "executor") return false;
    return this.#authorizer.may(nameOf(principal), action, object);
  }

  /** Throws `Forbidden`. */
  demand(principal: Principal, action: AuthorizationAction, object?: string): void {
    if (this.may(principal, action, object)) return;
    const about = object === undefined ? "" : ` of "${object}"`;
    throw new CodedError<ErrorCode>(
      "Forbidden",
      `Not authorized: principal "${nameOf(principal) ?? ""}" may not ${action}${about}`,
    );
  }

  /** The same handler for those who may. */
  guarded(action: AuthorizationAction, object: string | undefined, handler: Handler): Handler {
    return (request) => {
      if (this.may(request.principal, action, object)) return handler(request);
      return text(`Not authorized: ${action}`, 403);
    };
  }

  /** A path of the files API: the agent's log, or below the sandbox of some framework. */
  demandFile(principal: Principal, path: string, logPath: string): void {
    if (path === logPath) return this.demand(principal, "access_mesos_logs");
    const frameworkId = /(?:^|\/)frameworks\/([^/]+)\//.exec(`${path}/`)?.[1];
    return this.demandFramework(principal, "access_sandboxes", frameworkId ?? "");
  }

  /** What is done to something of a framework: its user decides. */
  demandFramework(principal: Principal, action: AuthorizationAction, frameworkId: string): void {
    return this.demand(principal, action, this.#userOf(frameworkId));
  }

  /** A call about a container: of its task's user, or by the executor whose own container it is. */
  demandContainer(principal: Principal, action: AuthorizationAction, id: ContainerID): void {
    const root = rootOf(id);
    if (principal.kind === "executor" && executorsOwn.has(action) && principal.claims.containerId === root)
      return undefined;
    return this.demand(principal, action, this.#userOf(this.#frameworkOf(root)));
  }

  /** What this principal may see of the agent. */
  visible(principal: Principal): AgentView {
    const view = this.#view();
    if (this.#authorizer.isPermissive || principal.kind === "internal") return view;
    const sees = (user: string): boolean => this.may(principal, "view_frameworks", user);
    const seesRun =
      (user: string) =>
      (run: TaskRun): boolean =>
        this.may(principal, "view_tasks", run.spec.task.command?.user ?? user);
    const frameworks = [...view.frameworks].filter(([, { info }]) => sees(info.user));
    const past = [...view.past].filter(([, { info }]) => sees(info.user));
    return {
      ...view,
      frameworks: new Map(
        frameworks.map(([id, { info, runs, executors }]) => [
          id,
          {
            info,
            runs: runs.filter(seesRun(info.user)),
            executors: this.may(principal, "view_executors", info.user) ? executors : [],
          },
        ]),
      ),
      past: new Map(
        past.map(([id, each]) => [id, { ...each, runs: each.runs.filter(seesRun(each.info.user)) }]),
      ),
    };
  }

  visibleContainers(principal: Principal, all: readonly MeasuredContainer[]): readonly MeasuredContainer[] {
    return all.filter(({ executor }) =>
      this.may(principal, "view_containers", this.#userOf(executor.frameworkId)),
    );
  }

  #userOf(frameworkId: string | undefined): string | undefined {
    const { frameworks, past } = this.#view();
    return (frameworks.get(frameworkId ?? "") ?? past.get(frameworkId ?? ""))?.info.user;
  }

  #frameworkOf(containerId: string): string | undefined {
    for (const [id, { runs, executors }] of this.#view().frameworks) {
      if (runs.some(({ spec }) => spec.containerId === containerId)) return id;
      if (executors.some(({ spec }) => spec.containerId === containerId)) return id;
    }
    return undefined;
  }
}

function rootOf(id: ContainerID): string {
  let root = id;
  while (root.parent !== undefined) root = root.parent;
  return root.value;
}

const containerCalls: Partial<Record<AgentCallType, AuthorizationAction>> = {
  ATTACH_CONTAINER_OUTPUT: "attach_containers_output",
  KILL_NESTED_CONTAINER: "kill_nested_containers",
  LAUNCH_NESTED_CONTAINER: "launch_nested_containers_as_user",
  LAUNCH_NESTED_CONTAINER_SESSION: "launch_nested_container_sessions_as_user",
  REMOVE_NESTED_CONTAINER: "remove_nested_containers",
  WAIT_NESTED_CONTAINER: "wait_nested_containers",
};

/** Of an operator's own container, and of one within a task's. */
const eitherCalls: Partial<Record<AgentCallType, readonly [AuthorizationAction, AuthorizationAction]>> = {
  KILL_CONTAINER: ["kill_standalone_containers", "kill_nested_containers"],
  LAUNCH_CONTAINER: ["launch_standalone_containers", "launch_nested_containers_as_user"],
  REMOVE_CONTAINER: ["remove_standalone_containers", "remove_nested_containers"],
  WAIT_CONTAINER: ["wait_standalone_containers", "wait_nested_containers"],
};

const otherCalls: Partial<Record<AgentCallType, AuthorizationAction>> = {
  GET_FLAGS: "view_flags",
  GET_RESOURCE_PROVIDERS: "view_resource_providers",
  MARK_RESOURCE_PROVIDER_GONE: "mark_resource_providers_gone",
  ADD_RESOURCE_PROVIDER_CONFIG: "modify_resource_provider_configs",
  UPDATE_RESOURCE_PROVIDER_CONFIG: "modify_resource_provider_configs",
  REMOVE_RESOURCE_PROVIDER_CONFIG: "modify_resource_provider_configs",
  PRUNE_IMAGES: "prune_images",
  SET_LOGGING_LEVEL: "set_log_level",
};

/** Throws `Forbidden` for a call of the operator API. What lists show is filtered instead. */
export function demandCall(
  permissions: AgentPermissions,
  principal: Principal,
  call: AgentCall,
  logPath: string,
): void {
  const { type } = call;
  if (type === undefined) return;
  const path = call.list_files?.path ?? call.read_file?.path;
  if (path !== undefined) return permissions.demandFile(principal, path, logPath);
  if (type === "GET_METRICS") return permissions.demand(principal, "get_endpoints", "/metrics/snapshot");
  const other = otherCalls[type];
  if (other !== undefined) return permissions.demand(principal, other);
  const id = containerOf(call);
  const either = eitherCalls[type];
  if (either !== undefined && id !== undefined && id.parent === undefined)
    return permissions.demand(principal, either[0], call.launch_container?.command?.user);
  const action = containerCalls[type] ?? either?.[1];
  if (action === undefined || id === undefined) return;
  return permissions.demandContainer(principal, action, id);
}

const containerOf = (call: AgentCall): ContainerID | undefined =>
  (
    call.launch_nested_container ??
    call.launch_container ??
    call.launch_nested_container_session ??
    call.attach_container_output ??
    call.wait_nested_container ??
    call.wait_container ??
    call.kill_nested_container ??
    call.kill_container ??
    call.remove_nested_container ??
    call.remove_container
  )?.container_id;
