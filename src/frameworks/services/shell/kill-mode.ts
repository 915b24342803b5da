/** `scale` and `wipe` of the routes that kill tasks. Source: contract marathon.md section 11.4. */

import { RequestInvalid } from "#domain/definitions/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { json, type PlainAnswer } from "#foundation/http/index.ts";
import type { RequestResult } from "../core/index.ts";
import { deploymentAnswer } from "./answers.ts";
import { taskOfApp } from "./app-json.ts";
import { flag } from "./path-parts.ts";

export interface KillMode {
  readonly mode: "kill" | "wipe" | "scale";
  readonly force: boolean;
}

export function killMode(query: URLSearchParams): KillMode {
  const scale = flag(query, "scale", false);
  const wipe = flag(query, "wipe", false);
  if (scale && wipe) throw new RequestInvalid("You cannot use scale and wipe at the same time.");
  return { mode: scale ? "scale" : wipe ? "wipe" : "kill", force: flag(query, "force", false) };
}

/** A scaling kill answers its deployment, another one the tasks as they were. */
export function killedAnswer(
  result: RequestResult,
  shape: (tasks: readonly JsonObject[]) => JsonObject,
): PlainAnswer {
  if (result.kind === "deployed") return deploymentAnswer(result);
  return json(shape(result.kind === "killed" ? result.tasks.map(taskOfApp) : []));
}
