import { describe, expect, it } from "vitest";
import type { Core, Outcome } from "#foundation/base/core.ts";
import type { AgentEffect } from "#kernel/agent/core/events.ts";
import { runScenario, runTwice, type Scenario } from "../engine/index.ts";
import { type ClusterCores, type ClusterOptions, clusterScenario } from "./cluster.ts";
import { realCores } from "./real-cores.ts";

const size = {
  agents: 4,
  strangers: [
    { name: "alpha", role: "a", tasks: 8, cpus: 0.5, memMib: 256 },
    { name: "beta", role: "b", tasks: 5, cpus: 0.5, memMib: 256 },
  ],
};
const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

function kernel(options: Partial<ClusterOptions> = {}): Scenario {
  return clusterScenario("kernel", { cores: realCores, size, ...options });
}

/** What the first seed says that finds anything. */
function firstProblems(scenario: Scenario): string {
  for (const seed of seeds) {
    const { problems } = runScenario(scenario, seed);
    if (problems.length > 0) return problems.join("; ");
  }
  return "";
}

/** The core with its effects tampered with. */
function tampered<Event, Effect>(
  core: Core<Event, Effect>,
  tamper: (effects: readonly Effect[]) => readonly Effect[],
): Core<Event, Effect> {
  const changed = ({ writes, effects }: Outcome<Effect>): Outcome<Effect> => ({
    writes,
    effects: tamper(effects),
  });
  return {
    apply: (event, now) => changed(core.apply(event, now)),
    wakeAt: () => core.wakeAt(),
    wake: (now) => changed(core.wake(now)),
    snapshot: () => core.snapshot(),
    check: () => core.check(),
  };
}

function withAgents(
  tamper: (effects: readonly AgentEffect[]) => readonly AgentEffect[],
): Partial<ClusterOptions> {
  const cores: ClusterCores = {
    ...realCores,
    agent: (boot, machine) => tampered(realCores.agent(boot, machine), tamper),
  };
  return { cores };
}

describe("the kernel under faults", () => {
  it("reaches what its frameworks wish, breaks no invariant, and repeats exactly", () => {
    const results = seeds.map((seed) => runTwice(kernel(), seed));
    expect(results.flatMap(({ problems }) => problems)).toEqual([]);
    expect(results.every(({ faults }) => faults > 10)).toBe(true);
  }, 60_000);

  it("carries services through a user's rolling updates", () => {
    const scenario = clusterScenario("spine", { cores: realCores, size: { ...size, services: true } });
    expect(seeds.flatMap((seed) => runTwice(scenario, seed).problems)).toEqual([]);
  }, 60_000);

  it("is caught when an agent never tells of a task's end", () => {
    const problems = firstProblems(
      kernel(
        withAgents((effects) =>
          effects.filter(
            (effect) =>
              effect.kind !== "sendFrame" ||
              effect.message.kind !== "statusUpdate" ||
              effect.message.status.state !== "TASK_FAILED",
          ),
        ),
      ),
    );
    expect(problems).toMatch(/nobody acknowledged|knows .* running of|does not run/);
  }, 60_000);

  it("is caught when effects leave before their writes are durable", () => {
    expect(firstProblems(kernel({ nodeOptions: { effectsBeforeWrites: true } }))).toMatch(
      /on the disk before it starts/,
    );
  }, 60_000);

  it("is caught when an agent starts a task a second time", () => {
    const problems = firstProblems(
      kernel(
        withAgents((effects) =>
          effects.flatMap((effect): readonly AgentEffect[] => {
            if (effect.kind !== "launchContainer") return [effect];
            const { plan } = effect;
            return [
              effect,
              { kind: "launchContainer", plan: { ...plan, containerId: `${plan.containerId}-2` } },
            ];
          }),
        ),
      ),
    );
    expect(problems).toMatch(/was started 2 times/);
  }, 60_000);
});
