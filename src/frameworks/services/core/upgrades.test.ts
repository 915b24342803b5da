/**
 * Where an update to a version that never comes up stands and ends: each upgrade strategy × kill selection × way to fail ×
 * way out of it. Source: contract marathon.md sections 10.2 to 10.5.
 */
import { describe, expect, it } from "vitest";
import type { AppDefinition, HealthCheck, ReadinessCheck } from "#domain/definitions/app.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

const instances = 5;
/**
 * With how many old ones an update to a version that never comes up waits, and how many there may be at a time: by hand, not by
 * what is tested. With no room above and none below, one more than stated breaks the deadlock.
 */
const strategies = [
  { minimumHealthCapacity: 1, maximumOverCapacity: 1, keeps: 5, most: 10 },
  { minimumHealthCapacity: 1, maximumOverCapacity: 0, keeps: 5, most: 6 },
  { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.5, keeps: 3, most: 7 },
  { minimumHealthCapacity: 0.5, maximumOverCapacity: 0, keeps: 3, most: 5 },
  { minimumHealthCapacity: 0.3, maximumOverCapacity: 0.1, keeps: 2, most: 5 },
  { minimumHealthCapacity: 0, maximumOverCapacity: 1, keeps: 0, most: 10 },
  { minimumHealthCapacity: 0, maximumOverCapacity: 0, keeps: 0, most: 5 },
];
const selections = ["YOUNGEST_FIRST", "OLDEST_FIRST"] as const;
const failures = ["neverHealthy", "crashes", "neverReady", "noRoom"] as const;
type Failure = (typeof failures)[number];

const check: HealthCheck = {
  protocol: "HTTP",
  path: "/",
  portIndex: 0,
  gracePeriodSeconds: 0,
  intervalSeconds: 2,
  timeoutSeconds: 1,
  maxConsecutiveFailures: 0,
  ignoreHttp1xx: false,
  ipProtocol: "IPv4",
};
const readiness: ReadinessCheck = {
  name: "ready",
  protocol: "HTTP",
  path: "/",
  portName: "default",
  intervalSeconds: 2,
  timeoutSeconds: 1,
  httpStatusCodesForReady: [200],
  preserveLastResponse: false,
};

class Upgrade {
  readonly world = World.started({ agents: 2, cpusEach: 8 });
  readonly #failure: Failure;

  constructor(
    failure: Failure,
    options: { strategy: (typeof strategies)[number]; killSelection: (typeof selections)[number] },
  ) {
    this.#failure = failure;
    this.put({
      instances,
      upgradeStrategy: {
        minimumHealthCapacity: options.strategy.minimumHealthCapacity,
        maximumOverCapacity: options.strategy.maximumOverCapacity,
      },
      killSelection: options.killSelection,
      healthChecks: [check],
      readinessChecks: [readiness],
      maxLaunchDelaySeconds: 4,
      cmd: "one",
    });
  }

  #definition: AppDefinition = anApp();

  put(fields: Partial<AppDefinition>, force = false): void {
    this.#definition = { ...this.#definition, ...fields };
    const definition = this.#definition;
    this.world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition, expect: "any" }],
      removals: [],
      force,
    }));
  }

  /** The version that fails, by its command or by its size. */
  fail(): void {
    this.put(this.#failure === "noRoom" ? { cmd: "two", cpus: 100 } : { cmd: "two" });
  }

  rounds(count: number): void {
    for (let round = 0; round < count; round += 1) {
      this.world.settle();
      if (this.#failure === "crashes")
        for (const task of this.#tasks("two")) this.world.master.endTask(task, "TASK_FAILED");
      this.world.pass(2_000);
      const isNew = (taskId: string): boolean => this.#tasks("two").some(({ id }) => id === taskId);
      for (const { key } of this.world.probes.splice(0)) {
        const isGood = this.#failure !== "neverHealthy" || !isNew(key.taskId);
        const result = isGood ? { kind: "success" as const } : { kind: "failure" as const, cause: "503" };
        this.world.apply({ kind: "probed", probe: key, result });
      }
      for (const { key } of this.world.readiness.splice(0)) {
        const status = this.#failure === "neverReady" && isNew(key.taskId) ? 503 : 200;
        this.world.apply({ kind: "readinessAnswered", key, answer: { status, contentType: "", body: "" } });
      }
      this.world.drain();
    }
  }

  /** Rounds until no deployment is left. */
  finish(): void {
    for (let round = 0; this.deployments > 0; round += 1) {
      if (round > 80) throw new Error("the deployment does not end");
      this.rounds(1);
    }
    this.rounds(3);
  }

  get deployments(): number {
    return this.world.core.queries.deployments().length;
  }

  #tasks(command: string) {
    return this.world.master.alive().filter(({ info }) => info.command?.value === command);
  }

  /** Ids of what runs a version. */
  alive(command: string): readonly string[] {
    return this.#tasks(command).map(({ id }) => id);
  }

  cancel(force: boolean): void {
    const [running] = this.world.core.queries.deployments();
    this.world.ask((request) => ({
      kind: "cancelDeployment",
      request,
      deploymentId: running?.id ?? "",
      force,
    }));
  }
}

const table = strategies.flatMap((strategy) =>
  selections.flatMap((killSelection) => failures.map((failure) => ({ strategy, killSelection, failure }))),
);
const told = ({ strategy, killSelection, failure }: (typeof table)[number]): string =>
  `${strategy.minimumHealthCapacity}/${strategy.maximumOverCapacity} ${killSelection} ${failure}`;

describe("an update to a version that never comes up", () => {
  it.each(table.map((each) => [told(each), each] as const))(
    "%s",
    (_name, { strategy, killSelection, failure }) => {
      const { keeps, most } = strategy;
      const stuck = (): Upgrade => {
        const upgrade = new Upgrade(failure, { strategy, killSelection });
        upgrade.finish();
        expect(upgrade.alive("one")).toHaveLength(instances);
        upgrade.fail();
        for (let round = 0; round < 8; round += 1) {
          upgrade.rounds(1);
          const old = upgrade.alive("one").length;
          expect(old).toBeGreaterThanOrEqual(keeps);
          expect(old + upgrade.alive("two").length).toBeLessThanOrEqual(most);
        }
        // It waits for ever, with as many old ones as it has to keep.
        expect(upgrade.deployments).toBe(1);
        expect(upgrade.alive("one")).toHaveLength(keeps);
        expect(upgrade.world.problems()).toEqual([]);
        return upgrade;
      };

      const forced = stuck();
      forced.put({ cmd: "three", cpus: 1 }, true);
      expect(forced.world.ofType("deployment_failed")).toHaveLength(1);
      forced.finish();
      expect(forced.alive("three")).toHaveLength(instances);
      expect(forced.world.master.alive()).toHaveLength(instances);

      const rolledBack = stuck();
      const survivors = rolledBack.alive("one");
      rolledBack.cancel(false);
      rolledBack.finish();
      expect(rolledBack.alive("one")).toHaveLength(instances);
      expect(rolledBack.alive("one")).toEqual(expect.arrayContaining([...survivors]));
      expect(rolledBack.world.master.alive()).toHaveLength(instances);
      expect(rolledBack.world.core.queries.app("/web")?.definition.cmd).toBe("one");

      const cancelled = stuck();
      const [old, young] = [cancelled.alive("one"), cancelled.alive("two")];
      cancelled.cancel(true);
      expect(cancelled.deployments).toBe(0);
      cancelled.rounds(3);
      // The target stays the target; the number is brought to what is wished, and nothing else is replaced.
      expect(cancelled.world.core.queries.app("/web")?.definition.cmd).toBe("two");
      expect(cancelled.world.core.own.listInstances({ service: "/web" })?.items).toHaveLength(instances);
      const left = cancelled.alive("one").length;
      if (failure === "neverHealthy" || failure === "neverReady") {
        const surplus = Math.max(0, old.length + young.length - instances);
        const fromOld =
          killSelection === "OLDEST_FIRST"
            ? Math.min(surplus, old.length)
            : Math.max(0, surplus - young.length);
        expect(left).toBe(old.length - fromOld);
        expect(cancelled.world.master.alive()).toHaveLength(instances);
      } else if (failure === "noRoom") expect(left).toBe(keeps);
      expect(cancelled.world.problems()).toEqual([]);
    },
  );
});
