/**
 * The Mesos roles that the framework is subscribed in: its own, and those of its services, of what runs of them and of what
 * has yet to be given back. A role is told to the master in the step that first needs it, before anything is launched in
 * it, and left in the step in which nothing needs it any more.
 * Source: contract marathon.md section 8; mesos.md section 1.4, UPDATE_FRAMEWORK.
 */
import type { FrameworkInfo } from "#contracts/kernel/messages.gen.ts";
import type { RoleRules } from "#domain/definitions/roles.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { FrameworkCall } from "#frameworks/base/core/framework-call.ts";
import type { App } from "./app-table.ts";
import type { GroupTerms } from "./group-table.ts";
import { holdsRole, type Instance } from "./instance.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Before the master is told again what it may not have heard; sooner than it is asked for offers again. Doubled each time. */
const retellMs = 1_000;
const retellMaxMs = 60_000;
/** Without an answer for so long what was told was heard. */
const heardAfterMs = 10_000;

const timerKey = "roles";

/** How many things need each role. */
export class RoleUse {
  readonly #uses = new Map<string, number>();
  /** Counts how often a role came or went. */
  #changes = 0;

  get changes(): number {
    return this.#changes;
  }

  get roles(): Iterable<string> {
    return this.#uses.keys();
  }

  add(role: string): void {
    const uses = this.#uses.get(role) ?? 0;
    if (uses === 0) this.#changes += 1;
    this.#uses.set(role, uses + 1);
  }

  remove(role: string): void {
    const uses = (this.#uses.get(role) ?? 0) - 1;
    if (uses > 0) {
      this.#uses.set(role, uses);
      return;
    }
    this.#uses.delete(role);
    this.#changes += 1;
  }

  snapshot(): JsonValue {
    return [...this.#uses].sort(([one], [other]) => (one < other ? -1 : 1));
  }
}

/** What the master was told last, by this process. */
export class ToldRoles {
  /** By a call of ours, or with the first subscription; undefined: the master may know others. */
  #roles: readonly string[] | undefined;
  #toldAt: InstantMs = 0;
  /** Told before that, and not refused. */
  #accepted: readonly string[] = [];
  #changes = -1;
  #retellAt: InstantMs | undefined;
  /** In a row. */
  #failures = 0;
  #problem = "";

  get retellAt(): InstantMs | undefined {
    return this.#retellAt;
  }

  /** The master refused, or did not hear, what it was told last. */
  isAmiss(now: InstantMs): boolean {
    return this.#failures > 0 && (this.#roles === undefined || now - this.#toldAt < heardAfterMs);
  }

  /** Why the master does not know of a role that is needed. */
  problemOf(role: string, now: InstantMs): string | undefined {
    return this.isAmiss(now) && !this.#accepted.includes(role) ? this.#problem : undefined;
  }

  /** Nothing about the roles has changed since it was told, and it was heard. */
  isSame(use: RoleUse): boolean {
    return this.#roles !== undefined && this.#changes === use.changes;
  }

  isKnown(roles: readonly string[]): boolean {
    return this.#roles !== undefined && this.#roles.join("\n") === roles.join("\n");
  }

  note(roles: readonly string[] | undefined, use: RoleUse, now: InstantMs): void {
    if (this.#roles !== undefined) {
      this.#accepted = this.#roles;
      this.#failures = 0;
    }
    this.#roles = roles;
    this.#toldAt = now;
    this.#changes = use.changes;
    this.#retellAt = undefined;
  }

  failed(now: InstantMs, problem: string): void {
    this.#roles = undefined;
    this.#problem = problem;
    this.#retellAt = now + Math.min(retellMs * 2 ** this.#failures, retellMaxMs);
    this.#failures += 1;
  }
}

/** Role that an instance has, or will have: one that may still go anywhere goes where its app does. */
export function roleOfInstance(state: Pick<ServicesState, "policy" | "apps">, instance: Instance): string {
  const app = holdsRole(instance) ? undefined : state.apps.get(instance.appId);
  return app === undefined ? instance.role : roleOfApp(state, app);
}

/** Role that an app runs in. */
export function roleOfApp({ policy }: Pick<ServicesState, "policy">, app: Pick<App, "definition">): string {
  return app.definition.role ?? policy.role;
}

/** What top-level groups do that are not there yet and do not say. */
export const newGroupsEnforce = ({
  newGroupEnforceRole,
}: Pick<ServicesState["policy"], "newGroupEnforceRole">): boolean => newGroupEnforceRole === "top";

/** By which a role of a definition is judged; `puts` is what a change makes of groups. */
export function rulesOfRoles(
  { policy, groups, apps }: Pick<ServicesState, "policy" | "groups" | "apps">,
  puts?: ReadonlyMap<string, GroupTerms>,
): RoleRules {
  return {
    defaultRole: policy.role,
    enforcesRole: (top) => {
      const terms = puts?.get(top) ?? groups.get(top)?.terms;
      return terms?.enforceRole ?? newGroupsEnforce(policy);
    },
    roleNow: (id) => {
      const app = apps.get(id);
      return app === undefined ? undefined : roleOfApp({ policy }, app);
    },
  };
}

/** The framework's own first, the others in the order of their names. */
export function neededRoles({ policy, roles }: ServicesState): readonly string[] {
  return [policy.role, ...[...roles.roles].filter((role) => role !== policy.role).sort()];
}

/** Once everything stored is there: it is what the first subscription says. */
export function startRoles(state: ServicesState): void {
  const roles = neededRoles(state);
  state.toldRoles.note(roles, state.roles, 0);
  state.interest.setRoles(roles, state);
}

/** At the end of each step, before offers are asked for. */
export function settleRoles(turn: Turn, state: ServicesState): void {
  const { toldRoles, roles: use } = state;
  if (toldRoles.isSame(use)) return;
  const roles = neededRoles(state);
  state.interest.setRoles(roles, state);
  if (!state.connection.isConnected) {
    // What a subscription under way says of it, nobody can tell.
    if (!toldRoles.isKnown(roles)) toldRoles.note(undefined, use, turn.now);
    state.timers.cancel(timerKey);
    return;
  }
  if (toldRoles.isKnown(roles)) return toldRoles.note(roles, use, turn.now);
  const { retellAt } = toldRoles;
  if (retellAt !== undefined && retellAt > turn.now) {
    state.timers.set(timerKey, retellAt, { kind: "tellRoles" });
    return;
  }
  state.timers.cancel(timerKey);
  toldRoles.note(roles, use, turn.now);
  turn.call({
    type: "UPDATE_FRAMEWORK",
    update_framework: {
      framework_info: frameworkInfo(state),
      suppressed_roles: state.interest.suppressedRoles,
    },
  });
}

/** The master may not have heard what was told, or refused it: it is told again after a while. */
export function rolesNotHeard(
  state: ServicesState,
  call: FrameworkCall,
  { now, reason = "" }: { readonly now: InstantMs; readonly reason?: string | undefined },
): void {
  if (call.type !== "UPDATE_FRAMEWORK") return;
  state.toldRoles.failed(now, reason);
  // What names a role that the master does not know is not heard either.
  state.interest.callFailed(neededRoles(state));
}

/**
 * Only what is handled is claimed: lost agents are told as unreachable, agents of other regions are offered
 * and left unused unless an app asks for them, and roles come with each offer.
 */
export function frameworkInfo(state: ServicesState): FrameworkInfo {
  const { policy, connection } = state;
  return {
    user: policy.frameworkUser,
    name: policy.frameworkName,
    roles: neededRoles(state),
    failover_timeout: policy.failoverTimeoutSeconds,
    checkpoint: true,
    hostname: policy.hostname,
    ...(policy.webuiUrl === "" ? {} : { webui_url: policy.webuiUrl }),
    capabilities: [
      { type: "PARTITION_AWARE" },
      { type: "REGION_AWARE" },
      { type: "MULTI_ROLE" },
      { type: "GPU_RESOURCES" },
    ],
    ...(connection.frameworkId === undefined ? {} : { id: { value: connection.frameworkId } }),
  };
}
