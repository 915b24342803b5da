import type { RoleRules } from "#domain/definitions/roles.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { PullSource } from "#frameworks/base/shell/image-pulls.ts";
import type { NodeSource } from "#frameworks/base/shell/known-nodes.ts";
import type { OwnQueries, ServicesQueries } from "../core/index.ts";
import type { Requests } from "./requests.ts";

/** What routes work with. */
export interface ApiContext {
  readonly queries: ServicesQueries;
  readonly requests: Requests;
  readonly options: RoleRules;
  readonly now: () => InstantMs;
  /** Puts an event of the shell's own on `/v2/events`. */
  readonly publish: (eventType: string, payload: JsonObject) => void;
}

/** What our own endpoints work with beside that. */
export interface OwnContext extends ApiContext {
  readonly own: OwnQueries;
  readonly nodes: Pick<NodeSource, "read">;
  readonly pulls: Pick<PullSource, "read">;
}
