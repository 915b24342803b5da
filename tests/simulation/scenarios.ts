import { clusterScenario } from "./cluster/cluster.ts";
import { realCores } from "./cluster/real-cores.ts";
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
    size: { agents: 4, strangers: [stranger("alpha", "a", 8), stranger("beta", "b", 5)] },
  }),
  clusterScenario("spine", {
    cores: realCores,
    size: { agents: 4, strangers: [stranger("alpha", "a", 6), stranger("beta", "b", 3)], services: true },
  }),
];
