/** Whether a principal may do something to an object: the one question of the kernel. */
import type { AuthorizationAction } from "./actions.ts";

export interface Authorizer {
  /**
   * `principal`: undefined for nobody in particular. `object`: a role, a user, a principal or a path, as the action has
   * it; undefined means any.
   */
  may(principal: string | undefined, action: AuthorizationAction, object?: string): boolean;
  /** Nothing is ever refused: what would filter need not look. */
  readonly isPermissive: boolean;
}

export const permissive: Authorizer = { may: () => true, isPermissive: true };
