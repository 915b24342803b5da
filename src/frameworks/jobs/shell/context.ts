import type { InstantMs } from "#foundation/base/core.ts";
import type { JobsQueries } from "../core/index.ts";
import type { Requests } from "./requests.ts";

/** What routes work with. */
export interface ApiContext {
  readonly queries: JobsQueries;
  readonly requests: Requests;
  readonly now: () => InstantMs;
}
