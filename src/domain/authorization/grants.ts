/** Grants of the identity service as answers of the kernel. Source: contract platform.md section 2.3, `dcos:mesos:…`. */
import { type Action, allows, type Grant } from "../permissions/index.ts";
import { ruleOf } from "./actions.ts";
import type { Authorizer } from "./authorizer.ts";

/** What the identity service told of a principal. */
export type GrantsOf = (
  name: string,
) => readonly { readonly rid: string; readonly actions: readonly string[] }[];

/** Strict: what is not granted is refused, and nobody in particular may nothing. */
export function grantsAuthorizer(grantsOf: GrantsOf): Authorizer {
  return {
    isPermissive: false,
    may: (principal, action, object) => {
      if (principal === undefined) return false;
      const { resource, action: wanted } = ruleOf(action);
      const rid = `dcos:mesos:${resource}${object === undefined ? "" : `:${object}`}`;
      return allows(grantsOf(principal) as readonly Grant[], rid, wanted satisfies Action);
    },
  };
}
