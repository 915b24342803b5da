import type { Resource } from "#contracts/kernel/messages.gen.ts";
import type { Core, InstantMs, Outcome, Write } from "#foundation/base/core.ts";
import { AgentCore } from "#kernel/agent/core/agent-core.ts";
import { createMasterCore, putEpoch, readRegistry } from "#kernel/master/core/index.ts";
import type { ClusterCores } from "./cluster.ts";
import type { Machine } from "./machine.ts";

/** The cores of the daemons, put together as their `main.ts` does. */
export const realCores: ClusterCores = {
  master: (boot, pace) => {
    const registry = readRegistry(boot.records);
    const epoch = registry.epoch + 1;
    const core = createMasterCore({
      identity: {
        id: boot.random.uuid(),
        epoch,
        hostname: boot.name,
        ip: "127.0.0.1",
        port: 5050,
        version: "1.11.0",
      },
      policy: pace.master,
      random: boot.random,
      registry,
      startedAt: boot.now(),
    });
    // The new epoch is durable before anything leaves this master.
    return writingFirst(core, [putEpoch(epoch)]);
  },
  agent: (boot, machine, pace) =>
    new AgentCore({
      facts: factsOf(machine),
      policy: pace.agent,
      random: boot.random,
      records: boot.records,
    }),
};

/** One that is divided, and some that go to one volume each. */
const otherDisks: readonly Resource[] = [
  { type: "PATH" as const, path: { root: "/path" } },
  ...["/m1", "/m2", "/m3", "/m4"].map((root) => ({ type: "MOUNT" as const, mount: { root } })),
].map((source) => ({
  name: "disk",
  type: "SCALAR" as const,
  scalar: { value: source.type === "PATH" ? 1_000 : 60 },
  disk: { source },
}));

function factsOf({ name, ip, boots, cpus, memMib, reserved, hasDisks, lentCpus }: Machine) {
  const scalar = (what: string, value: number, role = "*") => ({
    name: what,
    type: "SCALAR" as const,
    role,
    scalar: { value },
  });
  return {
    hostname: name,
    ip,
    port: 5051,
    version: "1.11.0",
    bootId: `boot ${boots} of ${name}`,
    resources: [
      scalar("cpus", cpus - (reserved?.cpus ?? 0)),
      scalar("mem", memMib - (reserved?.memMib ?? 0)),
      ...(reserved === undefined
        ? []
        : [scalar("cpus", reserved.cpus, reserved.role), scalar("mem", reserved.memMib, reserved.role)]),
      ...(lentCpus === undefined ? [] : [{ ...scalar("cpus", lentCpus), revocable: {} }]),
      scalar("disk", 10_000),
      ...(hasDisks === undefined ? [] : otherDisks),
      {
        name: "ports",
        type: "RANGES" as const,
        role: "*",
        ranges: { range: [{ begin: 31_000, end: 32_000 }] },
      },
    ],
    attributes: [],
    dataDir: "/data",
    workDir: "/work",
    runtimeDir: "/run",
    canSwitchUser: true,
  };
}

function writingFirst<Event, Effect>(
  core: Core<Event, Effect>,
  writes: readonly Write[],
): Core<Event, Effect> {
  let first = writes;
  const withFirst = (outcome: Outcome<Effect>): Outcome<Effect> => {
    if (first.length === 0) return outcome;
    const all = [...first, ...outcome.writes];
    first = [];
    return { writes: all, effects: outcome.effects };
  };
  return {
    apply: (event, now) => withFirst(core.apply(event, now)),
    wakeAt: () => core.wakeAt(),
    wake: (now: InstantMs) => withFirst(core.wake(now)),
    snapshot: () => core.snapshot(),
    check: () => core.check(),
  };
}
