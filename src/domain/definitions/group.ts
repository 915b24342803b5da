import type { AppDefinition } from "./app.ts";

/**
 * What a group shall be, in canonical form: paths are absolute, apps complete.
 * Source: Marathon v2 API, group update (contract marathon.md section 2.3).
 */
export interface GroupTree {
  readonly id: string;
  /** All apps directly in it; undefined leaves them as they are. */
  readonly apps?: readonly AppDefinition[];
  /** All groups directly in it; undefined leaves them as they are. */
  readonly groups?: readonly GroupTree[];
  readonly dependencies?: readonly string[];
  readonly enforceRole?: boolean;
}
