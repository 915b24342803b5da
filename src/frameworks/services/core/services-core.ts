import type { Core } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Random } from "#foundation/base/random.ts";
import type { ServicesEffect } from "./effects.ts";
import type { ServicesEvent } from "./events.ts";
import type { ServicesPolicy } from "./policy.ts";
import type { ServicesQueries } from "./views.ts";

/** The services core: dispatch events through a core host, read through `queries` synchronously. */
export interface ServicesCore extends Core<ServicesEvent, ServicesEffect> {
  readonly queries: ServicesQueries;
}

export interface StoredRecord {
  readonly key: string;
  readonly value: JsonValue;
}

/** Every prefix the core writes under; the shell loads all of them before it makes the core. */
export const recordPrefixes: readonly string[] = [
  "framework/",
  "apps/",
  "app-versions/",
  "instances/",
  "deployments/",
  "task-failures/",
];

/** Makes the core from what is stored. Throws when a record is of a newer format than this build knows. */
export declare function createServicesCore(options: {
  readonly records: readonly StoredRecord[];
  readonly random: Random;
  readonly policy: ServicesPolicy;
}): ServicesCore;
