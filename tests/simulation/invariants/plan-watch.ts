import type { Outcome, Write } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type {
  PlanFacts,
  ServicesCore,
  ServicesEffect,
  ServicesEvent,
  WishedChange,
} from "#frameworks/services/core/index.ts";
import { activeConditions } from "./active-conditions.ts";
import type { DeploymentMemory } from "./dependency-watch.ts";
import type { Tell } from "./sentences.ts";

interface SeenInstance {
  readonly appId: string;
  readonly goal: string;
  readonly condition: string;
  readonly configVersion: number;
  /** Counts launches: one with volumes is launched again when it is replaced. */
  readonly incarnation: number;
  /** Its task is being ended, which may take until its agent is back. */
  readonly isEnding: boolean;
}

interface SeenApp {
  readonly instances: number;
  readonly configVersion: number;
  readonly definition: JsonObject;
}

/** What a deployment was planned to do to one service, until somebody or something interferes. */
interface PlannedFate {
  readonly appId: string;
  /** Instances that took room when it was planned and have to make way, out of `present`; what has no place goes first. */
  readonly leaving: number;
  /** By key, the launch it was in. */
  readonly present: ReadonlyMap<string, number>;
  readonly after: number;
  isDisturbed: boolean;
}

const unreachable: ReadonlySet<string> = new Set(["Unreachable", "UnreachableInactive"]);
const over: ReadonlySet<string> = new Set([
  "Failed",
  "Finished",
  "Killed",
  "Error",
  "Gone",
  "Dropped",
  "Unknown",
  "Unreachable",
  "UnreachableInactive",
]);

/**
 * Invariant 9, over one life of services: what a plan says is what then happens. It works from the records alone. When
 * a change is taken, restarts and counts are counted again from the instances on record and compared with the plan
 * that was answered; what was just applied has to plan empty; and when the deployment has succeeded, exactly as many
 * instances are new as was planned, unless a fault or a user took some in between. What is refused was refused by its plan too.
 */
export class PlanWatch {
  readonly #tell: Tell;
  readonly #memory: DeploymentMemory;
  readonly #plansEmpty: (wish: WishedChange) => boolean;
  readonly #instances = new Map<string, SeenInstance>();
  readonly #apps = new Map<string, SeenApp>();
  readonly #promises = new Map<string, readonly PlannedFate[]>();

  constructor(
    tell: Tell,
    memory: DeploymentMemory,
    records: ReadonlyMap<string, JsonValue>,
    plansEmpty: (wish: WishedChange) => boolean,
  ) {
    this.#tell = tell;
    this.#memory = memory;
    this.#plansEmpty = plansEmpty;
    this.#note([...records].map(([key, value]) => ({ kind: "put", key, value })));
  }

  decided(event: ServicesEvent | undefined, outcome: Outcome<ServicesEffect>): void {
    const reply = outcome.effects.find((effect) => effect.kind === "reply");
    const applied = reply?.result.kind === "applied" ? reply.result : undefined;
    if (event?.kind === "applyChange" && applied !== undefined) {
      this.#disturb(this.#changedBy(event.wish));
      this.#judge(event.wish, applied.plan, outcome.writes, applied.deploymentId);
    } else if (event?.kind === "changeApps") {
      this.#disturb([...event.upserts.map(({ definition }) => definition.id), ...event.removals]);
    } else if (event?.kind === "restartApp" || event?.kind === "rollBack") this.#disturb([event.appId]);
    else if (event?.kind === "killTasks" || event?.kind === "cancelDeployment")
      this.#disturb([...this.#apps.keys()]);
    this.#watchFaults(outcome.writes);
    this.#note(outcome.writes);
    if (event?.kind === "restartApp" && reply?.result.kind === "deployed")
      this.#memory.restarts.set(reply.result.deploymentId, {
        appId: event.appId,
        configVersion: this.#apps.get(event.appId)?.configVersion ?? 0,
      });
    for (const write of outcome.writes) this.#judgeEnd(write);
    if (event?.kind === "applyChange" && applied !== undefined && !this.#plansEmpty(event.wish)) {
      this.#tell("plan", "what was just applied does not plan empty");
    }
  }

  /** Ids of all that a wish is about, each once. */
  #changedBy({ upserts, removals, restarts = [], pruneGroup }: WishedChange): readonly string[] {
    const named = [...upserts.map(({ definition }) => definition.id), ...removals, ...restarts];
    const pruned =
      pruneGroup === undefined
        ? []
        : [...this.#apps.keys()].filter((appId) => appId.startsWith(`${pruneGroup}/`));
    return [...new Set([...named, ...pruned])];
  }

  #judge(
    wish: WishedChange,
    plan: PlanFacts,
    writes: readonly Write[],
    deploymentId: string | undefined,
  ): void {
    const promises: PlannedFate[] = [];
    for (const appId of this.#changedBy(wish)) {
      const before = this.#apps.get(appId);
      const written = writes.find(({ key }) => key === appKey(appId));
      const after = written === undefined ? before : written.kind === "put" ? seenApp(written.value) : gone;
      const planned = plan.services.find(({ id }) => id === appId);
      // What is not there and shall not be is nothing to plan.
      if (after === undefined && planned === undefined && wish.removals.includes(appId)) continue;
      if (after === undefined || planned === undefined) {
        this.#tell("plan", `the plan says nothing of ${appId}`);
        continue;
      }
      const kept = [...this.#instances].filter(([, one]) => one.appId === appId && one.goal === "Running");
      const present = kept.filter(([, { condition }]) => activeConditions.has(condition));
      const isReplacing =
        before !== undefined &&
        after !== gone &&
        (wish.restarts?.includes(appId) === true || isReplaced(before.definition, after.definition));
      const old = present.filter(([, one]) => isReplacing && one.configVersion !== after.configVersion);
      const restarts = Math.min(old.length, after.instances);
      const said = [planned.instancesBefore, planned.instancesAfter, planned.restarts].join(", ");
      const counted = [before?.instances ?? 0, after.instances, restarts].join(", ");
      if (said !== counted) this.#tell("plan", `the plan of ${appId} says ${said}; it is ${counted}`);
      promises.push({
        appId,
        leaving: old.length > 0 ? old.length : Math.max(0, present.length - after.instances),
        present: new Map((old.length > 0 ? old : present).map(([key, one]) => [key, one.incarnation])),
        after: after.instances,
        // A user has begun already to take some: those may go in place of what has no place. Or a restart under way takes them.
        isDisturbed: kept.some(
          ([, { isEnding, configVersion }]) =>
            isEnding || (!isReplacing && configVersion !== after.configVersion),
        ),
      });
    }
    const changes = writes.some(({ key }) => key.startsWith("apps/"));
    if (plan.isEmpty === changes)
      this.#tell("plan", `a plan says ${plan.isEmpty ? "nothing" : "something"} changes`);
    if (deploymentId !== undefined) this.#promises.set(deploymentId, promises);
  }

  /** A succeeded deployment has done what it was planned to do, where nothing came in between. */
  #judgeEnd(write: Write): void {
    if (write.kind !== "put" || !write.key.startsWith("ended-deployments/") || !isJsonObject(write.value))
      return;
    const { id, state } = write.value;
    const promises = this.#promises.get(String(id)) ?? [];
    this.#promises.delete(String(id));
    if (state !== "succeeded") return;
    this.#judgeRestart(String(id));
    for (const { appId, leaving, present, after, isDisturbed } of promises) {
      if (isDisturbed) continue;
      const ended = [...present].filter(([key, incarnation]) => {
        const one = this.#instances.get(key);
        return one?.goal !== "Running" || one.incarnation !== incarnation;
      }).length;
      const now = [...this.#instances.values()].filter(
        (one) => one.appId === appId && one.goal === "Running",
      );
      if (ended !== leaving || now.length !== after) {
        this.#tell(
          "plan",
          `the deployment of ${appId} ended ${ended} instances and left ${now.length}, planned were ${leaving} and ${after}`,
        );
      }
    }
  }

  /** A restart that succeeded left nothing of what was there before it, but where nobody can tell. */
  #judgeRestart(deploymentId: string): void {
    const restart = this.#memory.restarts.get(deploymentId);
    if (restart === undefined) return;
    for (const [key, { appId, goal, condition, configVersion }] of this.#instances)
      if (
        appId === restart.appId &&
        goal === "Running" &&
        condition !== "UnreachableInactive" &&
        configVersion !== restart.configVersion
      )
        this.#tell("plan", `${appId} was restarted and ${key} is still there`);
  }

  /** What ends, or gets lost, without being told to. */
  #watchFaults(writes: readonly Write[]): void {
    for (const write of writes) {
      if (!write.key.startsWith("instances/")) continue;
      const before = this.#instances.get(write.key);
      if (before === undefined) continue;
      const after = write.kind === "put" ? seenInstance(write.value) : undefined;
      if (before.goal !== "Running" || (after !== undefined && after.goal !== "Running")) continue;
      const isLost =
        activeConditions.has(before.condition) && (after === undefined || over.has(after.condition));
      const isBack = unreachable.has(before.condition) && after?.condition !== before.condition;
      if (isLost || isBack) this.#disturb([before.appId]);
    }
  }

  #disturb(appIds: readonly string[]): void {
    for (const promises of this.#promises.values()) {
      for (const promise of promises) if (appIds.includes(promise.appId)) promise.isDisturbed = true;
    }
  }

  #note(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.key.startsWith("instances/")) {
        const seen = write.kind === "put" ? seenInstance(write.value) : undefined;
        if (seen === undefined) this.#instances.delete(write.key);
        else this.#instances.set(write.key, seen);
      }
      if (!write.key.startsWith("apps/")) continue;
      const appId = decodeURIComponent(write.key.slice("apps/".length));
      const seen = write.kind === "put" ? seenApp(write.value) : undefined;
      if (seen === undefined) this.#apps.delete(appId);
      else this.#apps.set(appId, seen);
    }
  }
}

/** A core that is asked for the plan of each change just before it takes it: both are refused for the same, or neither is. */
export function comparedWithPlans(core: ServicesCore, tell: Tell): ServicesCore {
  return {
    ...core,
    apply: (event, now) => {
      const isChange = event.kind === "applyChange" && event.basis === undefined;
      const planned = isChange
        ? core.own.plan(event.wish, { now, known: undefined, nodesMax: 0 })
        : undefined;
      const outcome = core.apply(event, now);
      const reply = outcome.effects.find((effect) => effect.kind === "reply");
      if (planned === undefined || reply === undefined) return outcome;
      const said = "code" in planned ? planned.code : "nothing";
      const refused = reply.result.kind === "refused" ? reply.result.refusal.code : "nothing";
      // A plan names who holds a service; that refuses only those who do not force.
      const isHeld = refused === "Locked" && !("code" in planned) && planned.lockedBy.length > 0;
      if (said !== refused && !isHeld)
        tell("plan", `a plan refuses ${said}; its change was refused for ${refused}`);
      const mustWait = isChange && !event.force && !("code" in planned) && planned.lockedBy.length > 0;
      if (mustWait && !("code" in planned) && !planned.isEmpty && refused !== "Locked")
        tell("plan", `a plan says who holds its services; its change was refused for ${refused}`);
      return outcome;
    },
  };
}

/** Of what is taken away. */
const gone: SeenApp = { instances: 0, configVersion: 0, definition: {} };

/** By the rule in the contract and ADR 0153, from what is on record alone: whether instances of one may not stay. */
function isReplaced(before: JsonObject, after: JsonObject): boolean {
  const strategy = after["upgradeStrategy"];
  const keepsOldLabels =
    strategy !== undefined && isJsonObject(strategy) && strategy["labelsInPlace"] === true;
  return configurationOf(before, keepsOldLabels) !== configurationOf(after, keepsOldLabels);
}

function configurationOf(definition: JsonObject, isWithoutLabels: boolean): string {
  const { id, instances, version, versionInfo, executorResources, labels, upgradeStrategy, ...rest } =
    definition;
  const { labelsInPlace, ...strategy } = (upgradeStrategy ?? {}) as JsonObject;
  const more = isWithoutLabels ? {} : { labels, labelsInPlace };
  const sorted = Object.entries({ ...rest, ...more, strategy }).sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  return JSON.stringify(sorted);
}

const appKey = (appId: string): string => `apps/${encodeURIComponent(appId)}`;

function seenInstance(value: JsonValue): SeenInstance | undefined {
  if (!isJsonObject(value)) return undefined;
  const { appId, goal, condition, configVersion, incarnation, isKillWanted } = value;
  return {
    appId: String(appId),
    goal: String(goal),
    condition: String(condition),
    configVersion: Number(configVersion),
    incarnation: Number(incarnation),
    isEnding: isKillWanted === true,
  };
}

function seenApp(value: JsonValue): SeenApp | undefined {
  const definition = isJsonObject(value) ? value["definition"] : undefined;
  if (definition === undefined || !isJsonObject(definition)) return undefined;
  const info = definition["versionInfo"] as JsonObject;
  return {
    instances: Number(definition["instances"]),
    configVersion: Date.parse(String(info["lastConfigChangeAt"])),
    definition,
  };
}
