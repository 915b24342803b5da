/** Everything `doctor` looks at, in the order in which one fault explains the next. */
import type { Context } from "../context.ts";
import {
  agentsAnswer,
  deploymentsMove,
  frameworksConnected,
  nodesAreActive,
  servicesAreWell,
} from "./cluster-checks.ts";
import type { Found } from "./finding.ts";
import {
  clusterAnswers,
  configurationReadable,
  definitionSpace,
  doorAnswers,
  environmentSensible,
  nodeVersion,
  processesRun,
  tokenLasts,
} from "./machine-checks.ts";

export interface NamedCheck {
  readonly name: string;
  readonly check: (context: Context) => Promise<readonly Found[]>;
  /** Says nothing new where the cluster does not answer. */
  readonly needsCluster?: boolean;
}

export const checks: readonly NamedCheck[] = [
  { name: "node", check: nodeVersion },
  { name: "environment", check: environmentSensible },
  { name: "config", check: configurationReadable },
  { name: "token", check: tokenLasts },
  { name: "disk", check: definitionSpace },
  { name: "processes", check: processesRun },
  { name: "cluster", check: clusterAnswers },
  { name: "door", check: doorAnswers },
  { name: "frameworks", check: frameworksConnected, needsCluster: true },
  { name: "nodes", check: nodesAreActive, needsCluster: true },
  { name: "agents", check: agentsAnswer, needsCluster: true },
  { name: "deployments", check: deploymentsMove, needsCluster: true },
  { name: "services", check: servicesAreWell, needsCluster: true },
];
