/** What `keelson up` starts: one kernel, the frameworks, and agents, each with its part of the data directory. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BroughtAddresses } from "#contracts/brought-parts.ts";
import type { SecurityOptions } from "#foundation/access/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { zooKeeperPlaces } from "#foundation/election/zookeeper-url.ts";
import type { ProcessSpec } from "../supervisor/supervisor.ts";
import type { PortPlan } from "./ports.ts";

export interface ClusterPlan {
  readonly dataDir: string;
  readonly ports: PortPlan;
  /** What the door wants. */
  readonly token: string;
  /** What the door and the daemons behind it know each other by. */
  readonly doorSecret: string;
  /** What executors' tokens are signed with, where they are demanded. */
  readonly executorKey: string;
  /** As the flags have it. */
  readonly security: SecurityOptions;
  /** Mesos' flags of the master and of agents, judged by these. */
  readonly masterFlags: JsonValue | undefined;
  readonly agentFlags: JsonValue | undefined;
  /** Marathon's flags, judged by Services. */
  readonly servicesFlags: JsonValue | undefined;
  /** Where masters, services and jobs stand for election, below it. */
  readonly zk: string | undefined;
  /** Parts of DC/OS that the operator brought. */
  readonly parts: BroughtAddresses;
  /** Versions kept of each service; undefined: the default. */
  readonly maxVersions: number | undefined;
  readonly healthKillsMaxPercent: number | undefined;
}

const host = "127.0.0.1";
const suffix = import.meta.url.endsWith(".ts") ? "ts" : "js";
const entry = (name: string): string => fileURLToPath(new URL(`../${name}/main.${suffix}`, import.meta.url));
const url = (port: number): string => `http://${host}:${port}`;

/** Young objects get 2 MiB instead of 16: 10 MiB less for a process that has little to do most of the time. */
const smallHeap = ["--max-semi-space-size=2"];

/** The second agent of a cluster is its public one: it takes traffic from outside. */
export const isPublicAgent = (index: number): boolean => index === 1;

export function clusterProcesses(plan: ClusterPlan): readonly ProcessSpec[] {
  const { dataDir, ports, token, doorSecret, zk } = plan;
  const places = zk === undefined ? undefined : zooKeeperPlaces(zk);
  const security = securityOf(plan);
  const spec = (name: string, folder: string, config: object): ProcessSpec => ({
    name,
    entry: entry(folder),
    config: { host, dataDir: join(dataDir, name), doorSecret, ...config },
    logFile: join(dataDir, "logs", `${name}.log`),
  });
  const small = (name: string, folder: string, config: object): ProcessSpec => ({
    ...spec(name, folder, config),
    nodeFlags: smallHeap,
  });
  const kernelUrl = url(ports.kernel);
  const masterUrl = places?.masters ?? kernelUrl;
  const at = (place: string | undefined): { readonly zk?: string } =>
    place === undefined ? {} : { zk: place };
  return [
    spec("kernel", "kernel", {
      security,
      ...at(places?.masters),
      flags: plan.masterFlags,
      port: ports.kernel,
      logFile: join(dataDir, "logs", "kernel.log"),
    }),
    small("platform", "platform", {
      clusterIdFile: join(dataDir, "cluster-id"),
      iam: { port: ports.iam },
      secrets: { port: ports.secrets, security },
      door: {
        port: ports.door,
        token,
        parts: plan.parts,
        ...at(zk),
        upstreams: { kernel: kernelUrl, services: url(ports.services), jobs: url(ports.jobs) },
      },
    }),
    spec("frameworks", "frameworks", {
      security,
      masterUrl,
      services: {
        port: ports.services,
        ...at(places?.services),
        secretsUrl: url(ports.secrets),
        policy: servicesPolicyOf(plan),
        flags: plan.servicesFlags,
      },
      jobs: { port: ports.jobs, ...at(places?.jobs), secretsUrl: url(ports.secrets) },
    }),
    ...ports.agents.map((port, index) =>
      small(`agent-${index}`, "agent", {
        security,
        ...(security.authenticate?.includes("executors") ? { executorTokenKey: plan.executorKey } : {}),
        // A list has those of each agent: disks are one agent's alone.
        flags: Array.isArray(plan.agentFlags) ? plan.agentFlags[index] : plan.agentFlags,
        port,
        masterUrl,
        agentCount: ports.agents.length,
        index,
        taskPorts: ports.tasks,
        isPublic: isPublicAgent(index),
        // The master is on this machine and starts at the same moment: asking often costs nothing.
        policy: { registrationBackoffMs: 50, registrationBackoffMaxMs: 2_000 },
        logFile: join(dataDir, "logs", `agent-${index}.log`),
      }),
    ),
  ];
}

/** What was given; of anything else the default holds. */
const servicesPolicyOf = ({ maxVersions, healthKillsMaxPercent }: ClusterPlan): object => ({
  ...(maxVersions === undefined ? {} : { maxVersions }),
  ...(healthKillsMaxPercent === undefined ? {} : { healthKillsMaxPercent }),
});

/**
 * As root, tasks run as other accounts: what comes from one of those must prove who it is. Otherwise tasks share the
 * cluster's account, and no line can be drawn.
 */
function securityOf({ security, ports }: ClusterPlan): SecurityOptions {
  const trusted = process.getuid?.() === 0 ? { trustedAccounts: [0] } : {};
  return { ...security, ...trusted, iamUrl: url(ports.iam) };
}

/** Addresses for people and programs, by service. */
export function clusterUrls(ports: PortPlan): Readonly<Record<string, string>> {
  return {
    kernel: url(ports.kernel),
    services: url(ports.services),
    jobs: url(ports.jobs),
    iam: url(ports.iam),
    secrets: url(ports.secrets),
  };
}

export const agentUrl = (ports: PortPlan, index: number): string => url(ports.agents[index] ?? 0);
/** For browsers: another name than the one tasks' ports are shown under, since cookies do not tell ports apart. */
export const consoleUrl = (ports: PortPlan): string => `http://localhost:${ports.door}`;
export const doorUrl = (ports: PortPlan): string => url(ports.door);
