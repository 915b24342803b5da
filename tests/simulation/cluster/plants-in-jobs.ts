/** Bugs in the core of Jobs. */
import type { Write } from "#foundation/base/core.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import type { JobsCore, JobsEffect, JobsEvent } from "#frameworks/jobs/core/index.ts";
import { changed } from "./changed-core.ts";

/** What is stored of a run has no task, so that a crash makes it wait for a place again. */
export function forgettingLaunches(core: JobsCore): JobsCore {
  const forgetting = (write: Write): Write =>
    write.kind === "put" && write.key.startsWith("runs/") && isJsonObject(write.value)
      ? { ...write, value: { ...write.value, status: "STARTING", tasks: [], isTaskOut: false } }
      : write;
  const changedCore = changed(core, {
    outcome: ({ writes, effects }) => ({ writes: writes.map(forgetting), effects }),
  });
  return { ...changedCore, queries: core.queries };
}

/** Runs are not stored before their task is. */
export function forgettingRuns(core: JobsCore): JobsCore {
  const isKept = (write: Write): boolean =>
    write.kind !== "put" ||
    !write.key.startsWith("runs/") ||
    !isJsonObject(write.value) ||
    write.value["isTaskOut"] === true;
  const changedCore = changed(core, {
    outcome: ({ writes, effects }) => ({ writes: writes.filter(isKept), effects }),
  });
  return { ...changedCore, queries: core.queries };
}

/** A call of which nobody has to think again takes the place of one that got lost. */
export function keepingOffers(core: JobsCore): JobsCore {
  const event = (told: JobsEvent): JobsEvent =>
    told.kind === "callFailed" && (told.call.type === "ACCEPT" || told.call.type === "DECLINE")
      ? { ...told, call: { type: "KILL" } }
      : told;
  return { ...core, ...changed(core, { event }) };
}

export function notTellingStops(core: JobsCore): JobsCore {
  return {
    ...core,
    apply: (event, now) => {
      const { writes, effects } = core.apply(event, now);
      const isKill = (effect: JobsEffect): boolean => effect.kind === "call" && effect.call.type === "KILL";
      return {
        writes,
        effects: event.kind === "stopRun" ? effects.filter((each) => !isKill(each)) : effects,
      };
    },
  };
}
