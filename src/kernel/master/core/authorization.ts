/** What the calls of frameworks and operators need to be allowed. Source: contract mesos.md section 7. */
import type { FrameworkInfo, OfferOperation, Resource, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { AuthorizationAction, Authorizer } from "#domain/authorization/index.ts";

export interface Need {
  readonly action: AuthorizationAction;
  readonly object?: string;
}

/** The first need that is not met, as a sentence. */
export function denial(
  authorizer: Authorizer,
  principal: string | undefined,
  needs: readonly Need[],
): string | undefined {
  const unmet = needs.find(({ action, object }) => !authorizer.may(principal, action, object));
  if (unmet === undefined) return undefined;
  const about = unmet.object === undefined ? "" : ` of "${unmet.object}"`;
  return `Not authorized: principal "${principal ?? ""}" may not ${unmet.action}${about}`;
}

/** The same for a framework: a daemon of this cluster may everything. */
export const frameworkDenial = (
  authorizer: Authorizer,
  { info, isOwn = false }: { readonly info: FrameworkInfo; readonly isOwn?: boolean },
  needs: readonly Need[],
): string | undefined => (isOwn ? undefined : denial(authorizer, info.principal, needs));

/** Each role once; the user of tasks is asked for with each task. */
export const roleNeeds = (roles: readonly string[]): readonly Need[] =>
  roles.map((object) => ({ action: "register_frameworks", object }));

export const userOf = (task: TaskInfo, info: FrameworkInfo): string =>
  task.command?.user ?? task.executor?.command?.user ?? info.user;

export const taskNeed = (task: TaskInfo, info: FrameworkInfo): Need => ({
  action: "run_tasks",
  object: userOf(task, info),
});

/** Those of an operation on resources, whoever asks for it. */
export function operationNeeds(operation: Omit<OfferOperation, "id">): readonly Need[] {
  const { type, reserve, unreserve, create, destroy, grow_volume, shrink_volume } = operation;
  switch (type) {
    case "RESERVE":
      return needs("reserve_resources", (reserve?.resources ?? []).map(roleOf));
    case "UNRESERVE":
      return needs("unreserve_resources", (unreserve?.resources ?? []).map(reserverOf));
    case "CREATE":
      return needs("create_volumes", (create?.volumes ?? []).map(roleOf));
    case "DESTROY":
      return needs("destroy_volumes", (destroy?.volumes ?? []).map(creatorOf));
    case "GROW_VOLUME":
      return needs("resize_volume", grow_volume === undefined ? [] : [roleOf(grow_volume.volume)]);
    case "SHRINK_VOLUME":
      return needs("resize_volume", shrink_volume === undefined ? [] : [roleOf(shrink_volume.volume)]);
    default:
      return [];
  }
}

/** One for each object; without any the action itself is asked for. */
function needs(action: AuthorizationAction, objects: readonly (string | undefined)[]): readonly Need[] {
  const named = [...new Set(objects)];
  if (named.length === 0) return [{ action }];
  return named.map((object) => (object === undefined ? { action } : { action, object }));
}

const roleOf = ({ reservations, role }: Resource): string | undefined => reservations?.at(-1)?.role ?? role;
const reserverOf = ({ reservations, reservation }: Resource): string | undefined =>
  reservations?.at(-1)?.principal ?? reservation?.principal;
const creatorOf = ({ disk }: Resource): string | undefined => disk?.persistence?.principal;
