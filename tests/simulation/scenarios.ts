import { clusterScenario } from "./cluster/cluster.ts";
import { manyLinks } from "./cluster/plants.ts";
import { realCores } from "./cluster/real-cores.ts";
import {
  appsWithVolumes,
  busyUsers,
  failingUpgrades,
  layeredGroup,
  manyRoles,
  oneApp,
  podsAndApp,
  restlessUsers,
} from "./cluster/scripts.ts";
import type { Scenario } from "./engine/index.ts";
import { ledgerScenario } from "./toy/ledger-scenario.ts";

const stranger = (name: string, role: string, tasks: number) => ({
  name,
  role,
  tasks,
  cpus: 0.5,
  memMib: 256,
});

/** Every scenario the command line knows. */
export const scenarios: readonly Scenario[] = [
  ledgerScenario("toy"),
  clusterScenario("kernel", {
    cores: realCores,
    size: {
      agents: 4,
      strangers: [stranger("alpha", "a", 8), stranger("beta", "b", 5)],
      reservedFor: "a",
      powerLoss: 1,
    },
  }),
  clusterScenario("links", {
    cores: realCores,
    size: {
      agents: 3,
      strangers: [stranger("alpha", "a", 8), { ...stranger("keeper", "k", 3), volumeMib: 100 }],
      operators: true,
      faults: manyLinks,
    },
  }),
  clusterScenario("volumes", {
    cores: realCores,
    size: {
      agents: 4,
      strangers: [stranger("alpha", "a", 5), { ...stranger("keeper", "k", 5), volumeMib: 100 }],
      reservedFor: "a",
      powerLoss: 1,
    },
  }),
  clusterScenario("operators", {
    cores: realCores,
    size: {
      agents: 5,
      strangers: [stranger("alpha", "a", 8), stranger("beta", "b", 5)],
      operators: true,
      powerLoss: 1,
    },
  }),
  clusterScenario("moving", {
    cores: realCores,
    size: {
      agents: 6,
      strangers: [stranger("alpha", "a", 5)],
      users: oneApp,
      operators: true,
      powerLoss: 1,
    },
  }),
  clusterScenario("quota", {
    cores: realCores,
    size: {
      agents: 4,
      strangers: [stranger("alpha", "a/x", 5), stranger("second", "a/y", 3), stranger("sure", "s", 8)],
      quotas: [
        { role: "a", limits: { cpus: { value: 4 }, mem: { value: 2_048 } } },
        { role: "s", guarantees: { cpus: { value: 4 }, mem: { value: 2_048 } } },
      ],
      powerLoss: 1,
      lookEvery: 3,
    },
  }),
  clusterScenario("lending", {
    cores: realCores,
    size: {
      agents: 4,
      strangers: [stranger("alpha", "a", 8), { ...stranger("lent", "l", 7), isRevocable: true }],
      lentCpus: 2,
      powerLoss: 1,
    },
  }),
  clusterScenario("executors", {
    cores: realCores,
    size: {
      agents: 4,
      strangers: [stranger("alpha", "a", 5), { ...stranger("gamma", "c", 8), hasExecutor: true }],
      powerLoss: 1,
    },
  }),
  clusterScenario("spine", {
    cores: realCores,
    size: {
      agents: 4,
      strangers: [stranger("alpha", "a", 6), stranger("beta", "b", 3)],
      users: oneApp,
      powerLoss: 1,
    },
  }),
  clusterScenario("election", {
    cores: realCores,
    size: {
      agents: 4,
      strangers: [stranger("alpha", "a", 5)],
      users: oneApp,
      jobs: true,
      election: { candidates: 2 },
      faults: { partition: 4 },
      lookEvery: 3,
    },
  }),
  clusterScenario("jobs", {
    cores: realCores,
    size: {
      agents: 4,
      strangers: [stranger("alpha", "a", 5)],
      jobs: true,
      powerLoss: 1,
      lookEvery: 5,
    },
  }),
  clusterScenario("residents", {
    cores: realCores,
    size: {
      agents: 6,
      strangers: [stranger("alpha", "a", 5)],
      users: appsWithVolumes,
      hasDisks: true,
      powerLoss: 1,
    },
  }),
  clusterScenario("users", {
    cores: realCores,
    size: {
      agents: 20,
      strangers: [stranger("alpha", "a", 8), stranger("beta", "b", 8)],
      users: busyUsers,
      reservedFor: "a",
      powerLoss: 2,
      lookEvery: 10,
    },
  }),
  clusterScenario("groups", {
    cores: realCores,
    size: {
      agents: 6,
      strangers: [stranger("alpha", "a", 6)],
      users: layeredGroup,
      powerLoss: 1,
    },
  }),
  clusterScenario("roles", {
    cores: realCores,
    size: {
      agents: 6,
      strangers: [stranger("alpha", "a", 5)],
      users: manyRoles,
      quotas: [{ role: "tight", limits: { cpus: { value: 3 }, mem: { value: 1_024 } } }],
      powerLoss: 1,
      lookEvery: 3,
    },
  }),
  clusterScenario("restless", {
    cores: realCores,
    size: { agents: 6, strangers: [], users: restlessUsers, powerLoss: 1, lookEvery: 3 },
  }),
  clusterScenario("upgrades", {
    cores: realCores,
    size: { agents: 6, strangers: [], users: failingUpgrades, powerLoss: 1, lookEvery: 3 },
  }),
  clusterScenario("pods", {
    cores: realCores,
    size: {
      agents: 6,
      strangers: [stranger("alpha", "a", 6)],
      users: podsAndApp,
      powerLoss: 1,
    },
  }),
  clusterScenario("crowd", {
    cores: realCores,
    size: {
      agents: 220,
      strangers: [stranger("alpha", "a", 90), stranger("beta", "b", 60)],
      users: busyUsers,
      reservedFor: "a",
      powerLoss: 4,
      faults: { everyMs: 700 },
      lookEvery: 400,
    },
  }),
];
