/**
 * Users whose upgrades fail: each waits a while and then lets it be, puts the old definition again by force, cancels, or rolls
 * back, asking until it was taken. Where it then ends is judged from the records of services.
 */
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { ServicesCore, ServicesEvent } from "#frameworks/services/core/index.ts";
import type { World } from "../engine/index.ts";
import type { Tell } from "../invariants/sentences.ts";
import {
  type Tried,
  type TriedInstance,
  triedInstance,
  type UpgradeWatch,
} from "../invariants/upgrade-watch.ts";
import { endsWithinMs, limitsOf, mayComeUp, stuckAt, type Trial, wishOf } from "./trials.ts";
import { appAs } from "./wishes.ts";

type Request = Extract<ServicesEvent, { readonly request: number }>;
type WithoutRequest<Event> = Event extends unknown ? Omit<Event, "request"> : never;

export interface TrialPorts {
  readonly trials: readonly Trial[];
  readonly tell: Tell;
  /** Nothing else fails: then each number is exact. */
  readonly isStill: boolean;
  /** Undefined while it is down. */
  readonly core: () => ServicesCore | undefined;
  readonly records: () => ReadonlyMap<string, JsonValue>;
  readonly request: (request: WithoutRequest<Request>) => void;
}

const createAtMs = 1_000;
const askAgainMs = 2_000;

interface Course {
  readonly trial: Trial;
  stage: "old" | "new" | "ending";
  /** Of the old version, as it was made: of what it leaves when it is brought back. */
  first: { readonly version: string; readonly tasks: readonly string[] } | undefined;
  isUpgraded: boolean;
  isOver: boolean;
}

export class TrialUsers {
  readonly #world: World;
  readonly #ports: TrialPorts;
  readonly #courses: readonly Course[];
  readonly tried: ReadonlyMap<string, Tried>;
  #watch: UpgradeWatch | undefined;

  constructor(world: World, ports: TrialPorts) {
    this.#world = world;
    this.#ports = ports;
    this.#courses = ports.trials.map((trial) => ({
      trial,
      stage: "old",
      first: undefined,
      isUpgraded: false,
      isOver: false,
    }));
    this.tried = new Map(
      ports.trials.map((trial) => {
        const { instances, killSelection, appId } = trial;
        const isChecked = wishOf(trial, "old").isChecked === true;
        return [appId, { ...limitsOf(trial), instances, killSelection, isChecked }];
      }),
    );
  }

  /** Services begins a life. */
  watchedBy(watch: UpgradeWatch): void {
    this.#watch = watch;
  }

  drive(): void {
    for (const course of this.#courses) {
      const { upgradeAtMs, endAtMs } = course.trial;
      this.#world.schedule(createAtMs, () => this.#ask(course));
      this.#world.schedule(upgradeAtMs, () => {
        if (this.#ports.isStill) this.#judge(course, this.#lacksFirst(course));
        course.stage = "new";
      });
      this.#world.schedule(endAtMs, () => {
        if (this.#ports.isStill && !mayComeUp(course.trial.fate))
          this.#judge(course, this.#lacksStuck(course));
        this.#noteLeft(course);
        course.stage = "ending";
      });
      this.#world.schedule(endAtMs + endsWithinMs, () => {
        if (this.#ports.isStill) this.#judge(course, this.#lacks(course));
        course.isOver = true;
      });
    }
  }

  /** Of these services a deployment may go on for ever. */
  mayGoOn(appId: string): boolean {
    return this.#courses.some(({ trial }) => trial.appId === appId && trial.ending === "left alone");
  }

  missing(): readonly string[] {
    return this.#courses.flatMap((course) =>
      course.isOver ? told(course, this.#lacks(course)) : [`the trial of ${course.trial.appId} is not over`],
    );
  }

  #judge(course: Course, lacks: readonly string[]): void {
    for (const lack of told(course, lacks)) this.#ports.tell("capacity", lack);
  }

  /** Does what is to be done now, and again until it shows. */
  #ask(course: Course): void {
    if (!course.isOver) this.#world.schedule(askAgainMs, () => this.#ask(course));
    const core = this.#ports.core();
    if (core === undefined) return;
    const { trial, stage } = course;
    const { appId, ending } = trial;
    const cmd = core.queries.app(appId)?.definition.cmd;
    const isNew = cmd === wishOf(trial, "new").cmd;
    if (stage === "old" && cmd === undefined) return this.#put(trial, "old", false);
    course.first ??= firstOf(core, appId);
    course.isUpgraded ||= isNew;
    const isWanted = !course.isUpgraded || ending === "left alone" || ending === "cancelled";
    // It may be in the way of itself as it was made, and what was seen was not durable yet.
    if (stage !== "old" && !isNew && isWanted) return this.#put(trial, "new", !this.#ports.isStill);
    if (stage !== "ending" || !isNew || ending === "left alone") return;
    if (ending === "forced back") return this.#put(trial, "old", true);
    const deployment = core.queries.deployments().find(({ affectedApps }) => affectedApps.includes(appId));
    // It came up before anybody could do anything about it.
    if (deployment === undefined) return;
    const force = ending === "cancelled";
    this.#watch?.cancelled.set(deployment.id, appId);
    this.#ports.request({ kind: "cancelDeployment", deploymentId: deployment.id, force });
  }

  /** Every other user plans it before. */
  #put(trial: Trial, version: "old" | "new", force: boolean): void {
    const definition = appAs(wishOf(trial, version));
    const upserts = definition === undefined ? [] : [{ definition, expect: "any" as const }];
    const wish = { upserts, removals: [], keepsInstances: new Set<string>(), groups: [] };
    const isPlanned = Number(trial.appId.split("-").at(-1)) % 2 === 0;
    this.#ports.request(
      isPlanned ? { kind: "applyChange", wish, force } : { kind: "changeApps", upserts, removals: [], force },
    );
  }

  /** What serves of the old version, just before somebody does something. */
  #noteLeft(course: Course): void {
    const { first } = course;
    if (first === undefined) return;
    const { old } = this.#counts(course);
    const tasks = old.filter(({ isServing }) => isServing).flatMap(({ taskId }) => taskId ?? []);
    course.first = { ...first, tasks };
  }

  #lacksFirst(course: Course): readonly string[] {
    const { appId, instances } = course.trial;
    const { fresh } = this.#counts(course);
    const serving = fresh.filter(({ isServing }) => isServing).length;
    return serving === instances ? [] : [`${serving} of ${instances} of ${appId} served before its upgrade`];
  }

  /** Old ones as many as must serve, new ones as many as may be beside them; the deployment waits. */
  #lacksStuck(course: Course): readonly string[] {
    const { trial } = course;
    const { appId } = trial;
    const { old, fresh } = this.#counts(course);
    const serving = old.filter(({ isServing }) => isServing).length;
    const expected = this.#ports.isStill ? stuckAt(trial) : stuckWith(trial, serving);
    const is = `${serving} of ${old.length} old and ${fresh.length} new`;
    const lacks: string[] = [];
    if (serving !== expected.old || old.length !== expected.old || fresh.length !== expected.fresh)
      lacks.push(`${appId} has ${is}, not ${expected.old} and ${expected.fresh}`);
    if (fresh.some(({ isServing }) => isServing)) lacks.push(`a new instance of ${appId} serves`);
    return this.#isDeployed(appId) ? lacks : [...lacks, `no deployment of ${appId} goes on`];
  }

  #lacks(course: Course): readonly string[] {
    const { trial } = course;
    const { appId, ending, fate, instances } = trial;
    const comesUp = mayComeUp(fate);
    if (ending === "left alone" && !comesUp) return this.#lacksStuck(course);
    const { old, fresh } = this.#counts(course);
    const lacks: string[] = [];
    if (this.#isDeployed(appId)) lacks.push(`a deployment of ${appId} goes on`);
    const kept = old.length + fresh.length;
    if (kept !== instances) lacks.push(`${kept} of ${instances} instances of ${appId} are left`);
    const definition = this.#ports.core()?.queries.app(appId)?.definition;
    const isCutShort = definition?.cmd === wishOf(trial, "new").cmd && ending !== "left alone" && comesUp;
    const isNewWanted = ending === "left alone" || ending === "cancelled" || isCutShort;
    const { cmd } = wishOf(trial, isNewWanted ? "new" : "old");
    if (definition?.cmd !== cmd) lacks.push(`${appId} is "${definition?.cmd}", not "${cmd}"`);
    if (isNewWanted && !comesUp) return lacks;
    const serving = [...old, ...fresh].filter(({ isServing }) => isServing);
    if (serving.length !== instances) lacks.push(`${serving.length} of ${instances} of ${appId} serve`);
    // What was cancelled keeps the old ones that were left.
    if (!isNewWanted && old.length > 0) lacks.push(`${old.length} of ${appId} are of a version that is gone`);
    if (ending !== "rolled back" || isNewWanted || !this.#ports.isStill) return lacks;
    const { version, tasks = [] } = course.first ?? {};
    if (definition?.version !== version) lacks.push(`${appId} is not of the version it was brought back to`);
    const gone = tasks.filter((id) => !serving.some(({ taskId }) => taskId === id));
    return gone.length === 0 ? lacks : [...lacks, `${gone.join(", ")} served well and had to go`];
  }

  #isDeployed(appId: string): boolean {
    const deployments = this.#ports.core()?.queries.deployments() ?? [];
    return deployments.some(({ affectedApps }) => affectedApps.includes(appId));
  }

  /** What shall run, by whether it is of the definition that is wanted now. */
  #counts({ trial: { appId } }: Course): {
    readonly old: readonly TriedInstance[];
    readonly fresh: readonly TriedInstance[];
  } {
    const records = this.#ports.records();
    const wanted = configOf(records.get(`apps/${encodeURIComponent(appId)}`));
    const kept: TriedInstance[] = [];
    for (const [key, value] of records) {
      const one = key.startsWith("instances/") ? triedInstance(value, this.tried) : undefined;
      if (one?.appId === appId && one.isKept) kept.push(one);
    }
    return {
      old: kept.filter(({ configVersion }) => configVersion !== wanted),
      fresh: kept.filter(({ configVersion }) => configVersion === wanted),
    };
  }
}

/** With the trial that it is about. */
function told({ trial }: Course, lacks: readonly string[]): readonly string[] {
  const { minimumHealthCapacity, maximumOverCapacity, killSelection, fate, ending } = trial;
  const of = [minimumHealthCapacity, maximumOverCapacity, killSelection, fate, ending].join(", ");
  return lacks.map((lack) => `${lack} (${of})`);
}

function firstOf({ queries }: ServicesCore, appId: string): Course["first"] {
  const version = queries.app(appId)?.definition.version;
  return version === undefined ? undefined : { version, tasks: [] };
}

/** Old ones that died in faults are not made again; where one is missing nothing is tight any more. */
function stuckWith(trial: Trial, serving: number): { readonly old: number; readonly fresh: number } {
  const { minimum, maximum, isTight } = limitsOf(trial);
  const old = Math.min(serving, minimum);
  const isLoose = isTight && trial.volumeMib === undefined && old < trial.instances;
  return { old, fresh: Math.min(trial.instances, (isLoose ? maximum - 1 : maximum) - old) };
}

function configOf(record: JsonValue | undefined): number {
  const definition = record !== undefined && isJsonObject(record) ? record["definition"] : undefined;
  const info = definition !== undefined && isJsonObject(definition) ? definition["versionInfo"] : undefined;
  return info !== undefined && isJsonObject(info) ? Date.parse(String(info["lastConfigChangeAt"])) : 0;
}
