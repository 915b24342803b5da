import type { InstantMs } from "#foundation/base/core.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { Tell } from "./sentences.ts";

/**
 * Invariant 2, second half: a task that its scheduler takes for running and its master does not know is
 * noticed. It counts only the time in which the two talk: a master that is down or a framework that is away
 * starts the count anew.
 */
export class KnowledgeWatch {
  readonly #tell: Tell;
  readonly #withinMs: number;
  readonly #since = new Map<string, InstantMs>();

  constructor(tell: Tell, withinMs: number) {
    this.#tell = tell;
    this.#withinMs = withinMs;
  }

  /** `believed` are the running tasks of every framework that is subscribed now. */
  looked(snapshot: JsonValue | undefined, believed: ReadonlySet<string>, now: InstantMs): void {
    const known = knownTasks(snapshot);
    for (const taskId of this.#since.keys())
      if (known === undefined || known.has(taskId) || !believed.has(taskId)) this.#since.delete(taskId);
    if (known === undefined) return;
    for (const taskId of believed) {
      if (known.has(taskId)) continue;
      const since = this.#since.get(taskId);
      if (since === undefined) this.#since.set(taskId, now);
      else if (now - since > this.#withinMs)
        this.#tell("tasks", `${taskId} is taken for running and the master has not known it since ${since}`);
    }
  }
}

/** Undefined while the master can't know: it is down, or waits for agents. */
function knownTasks(snapshot: JsonValue | undefined): ReadonlySet<string> | undefined {
  if (snapshot === undefined || !isJsonObject(snapshot)) return undefined;
  const { frameworks, recovered } = snapshot;
  if (Array.isArray(recovered) && recovered.length > 0) return undefined;
  const known = new Set<string>();
  for (const framework of Array.isArray(frameworks) ? frameworks : []) {
    if (!isJsonObject(framework)) continue;
    for (const list of [framework["tasks"], framework["unreachable"]])
      for (const taskId of Array.isArray(list) ? list : []) known.add(String(taskId));
  }
  return known;
}
