/**
 * From a task or an executor to what its container needs: environment, limits, user, directories.
 *
 * Source: Mesos command executor; contract mesos.md sections 2.2, 2.3, 2.7, 2.8.
 */
import type {
  CommandInfo,
  ContainerInfo,
  FrameworkInfo,
  NetworkInfo,
  Resource,
  TaskInfo,
} from "#contracts/kernel/messages.gen.ts";
import { saidByParameters } from "#domain/launches/docker-parameters.ts";
import { hostVolumesOf, imageOf } from "#domain/launches/images.ts";
import { asksForNoNetwork, networksAskedBy } from "#domain/launches/networks.ts";
import { type PluginVolume, pluginVolumesOf } from "#domain/launches/plugin-volumes.ts";
import { isBounded, parseResources, Resources } from "#domain/resources/index.ts";
import { secretsOf } from "#domain/secrets/index.ts";
import { durationText } from "#foundation/base/duration-text.ts";
import {
  type ContainerLimits,
  type LaunchSpec,
  sandboxInImage,
  type VolumeMount,
} from "#kernel/containerizer/driver.ts";
import { type Above, apartPlan, type MemoryGroup } from "./apart-settings.ts";
import type { Executor } from "./executor-run.ts";
import { confinement } from "./linux-settings.ts";
import { type AgentFacts, type AgentPolicy, pidOf } from "./policy.ts";
import { type RunVolumes, sharedFoldersOf } from "./run-volumes.ts";
import type { Standalone } from "./standalone.ts";
import type { RunExecutor, RunSpec, TaskRun } from "./task-run.ts";

/** All of a launch but how logs rotate, which the shell knows. */
export type ContainerPlan = Omit<LaunchSpec, "stdout" | "stderr"> & {
  /** Memory that it has together with others of its group. */
  readonly memoryGroup?: MemoryGroup;
  /** Of a framework's executor: the shell gives it a token to prove itself with. */
  readonly executor?: { readonly frameworkId: string; readonly executorId: string };
  /** Of a container within an executor's that the agent plays itself. */
  readonly nested?: NestedPlan;
  /** An operator's own. */
  readonly isStandalone?: true;
  /** Absent: the container is in the agent's own network. */
  readonly network?: NetworkPlan;
  /** Volumes that plugins mount for it. */
  readonly pluginVolumes?: readonly PluginVolume[];
};

export interface NetworkPlan {
  /** The container that the networks are made for: itself, or the one it is within. */
  readonly owner: string;
  readonly infos: readonly NetworkInfo[];
  /** Absent: the owner's id. */
  readonly hostname?: string;
}

export interface NestedPlan {
  /** The executor's sandbox: the container's own lies below it, and is found there by its task too. */
  readonly executorDir: string;
  readonly executorContainerId: string;
  readonly taskId: string;
  /** Folders of the executor's sandbox that its containers share: relative paths. */
  readonly sharedFolders: readonly string[];
  /** Directories of persistent volumes that they share. */
  readonly sharedVolumes?: readonly string[];
}

export interface PlanInput {
  readonly containerId: string;
  readonly agentId: string;
  readonly frameworkId: string;
  readonly framework: FrameworkInfo;
  readonly task: TaskInfo;
  readonly role: string;
  readonly resources: readonly Resource[];
  readonly sandboxDir: string;
  readonly executor?: RunExecutor;
  readonly volumes: RunVolumes;
  readonly network: NetworkPlan | undefined;
  /** The container of its executor. */
  readonly executorContainer: ContainerInfo | undefined;
}

/** A command executor's own share, on top of what the task asked for. Source: Mesos, not charged to the offer. */
export const executorOverhead = { cpusMillis: 100, memMib: 32 } as const;
const noOverhead = { cpusMillis: 0, memMib: 0 } as const;

export function planContainer(input: PlanInput, facts: AgentFacts, policy: AgentPolicy): ContainerPlan {
  const { containerId, task, framework } = input;
  const command = task.command ?? {};
  const { sandboxDir, executor } = input;
  const executorId = executor?.executorId ?? task.task_id.value;
  const nested = executor === undefined ? undefined : nestedPlan(input, executor);
  const { own, ofExecutor } = input.volumes;
  const persistent = new Set(ofExecutor.map(({ containerPath }) => containerPath));
  const volumes = [
    ...own,
    ...ofExecutor,
    ...hostMounts(task.container, sandboxDir),
    ...(nested === undefined
      ? []
      : sharedVolumes(task, nested.executorDir).filter(
          ({ containerPath }) => !persistent.has(containerPath),
        )),
  ];
  return {
    containerId,
    runtimeDir: `${facts.runtimeDir}/${containerId}`,
    sandboxDir,
    ...planCommand(command, task.container, framework, facts),
    ...confinement(task.container?.linux_info, { facts, policy }),
    ...apartPlan(task.container, input.resources, aboveOf(input)),
    environment: Object.fromEntries([
      ...agentVariables({ ...input, executorId, sandboxDir, container: task.container }, facts, policy),
      ["MESOS_ALLOCATION_ROLE", input.role],
      ...(nested === undefined ? [] : [["MESOS_CONTAINER_IP", facts.ip] as const]),
      ...userVariables(command),
      ...Object.entries(saidByParameters(task.container?.docker?.parameters).environment),
    ]),
    limits: heldTo(
      limitsOf(task, input.resources, nested === undefined ? executorOverhead : noOverhead),
      policy,
    ),
    ...(volumes.length === 0 ? {} : { volumes }),
    ...pluginVolumesIn(task.container),
    ...secretsIn(command, task.container),
    ...(nested === undefined ? {} : { nested }),
    ...(input.network === undefined ? {} : { network: input.network }),
  };
}

const aboveOf = ({ executor, executorContainer }: PlanInput): Above | undefined =>
  executor?.isNested === true
    ? { containerId: executor.containerId, container: executorContainer }
    : undefined;

/** Of its own, or of what it is within. */
export function networkPlanOf(
  { containerId, task, executor }: Pick<RunSpec, "containerId" | "task" | "executor">,
  executorContainer: ContainerInfo | undefined,
): NetworkPlan | undefined {
  const own = networksIn(task.container, containerId);
  if (own !== undefined || executor?.isNested !== true) return own;
  return networksIn(executorContainer, executor.containerId);
}

export function networksIn(container: ContainerInfo | undefined, owner: string): NetworkPlan | undefined {
  const infos = networksAskedBy(container);
  if (infos.length === 0 && !asksForNoNetwork(container)) return undefined;
  const hostname = imageOf(container)?.hostname ?? container?.hostname;
  return { owner, infos, ...(hostname === undefined ? {} : { hostname }) };
}

const networkOf = (container: ContainerInfo | undefined, owner: string): Pick<ContainerPlan, "network"> => {
  const network = networksIn(container, owner);
  return network === undefined ? {} : { network };
};

function pluginVolumesIn(container: ContainerInfo | undefined): Pick<ContainerPlan, "pluginVolumes"> {
  const pluginVolumes = pluginVolumesOf(container);
  return pluginVolumes.length === 0 ? {} : { pluginVolumes };
}

function nestedPlan(
  { task, sandboxDir, containerId, volumes: { ofExecutor } }: PlanInput,
  executor: RunExecutor,
): NestedPlan {
  const persistent = new Set(ofExecutor.map(({ containerPath }) => containerPath));
  return {
    executorDir: sandboxDir.slice(0, -nestedPath(containerId).length),
    executorContainerId: executor.containerId,
    taskId: task.task_id.value,
    sharedFolders: sharedFoldersOf(task).flatMap(({ folder, containerPath }) =>
      persistent.has(containerPath) ? [] : [folder],
    ),
    ...(ofExecutor.length === 0 ? {} : { sharedVolumes: ofExecutor.map(({ directory }) => directory) }),
  };
}

/** Where a container within an executor's works. Source: Mesos, nested containers of an executor's sandbox. */
export function nestedSandbox(executorDir: string, containerId: string): string {
  return executorDir + nestedPath(containerId);
}

const nestedPath = (containerId: string): string => `/containers/${containerId}`;

function sharedVolumes(task: TaskInfo, executorDir: string): readonly VolumeMount[] {
  return sharedFoldersOf(task).map(({ folder, containerPath, isReadOnly }) => ({
    directory: `${executorDir}/${folder}`,
    containerPath,
    // A link keeps nobody from writing: it is mounted, as the machine's own are.
    ...(isReadOnly ? { isHosts: true, isReadOnly } : {}),
  }));
}

/** Folders of its executor's sandbox that this task has. */
export const sharedMounts = ({ executor, task, sandboxDir, containerId }: RunSpec): readonly VolumeMount[] =>
  executor?.isNested === true
    ? sharedVolumes(task, sandboxDir.slice(0, -nestedPath(containerId).length))
    : [];

/** The container of a framework's executor, with room for the tasks that wait for it. */
export function planExecutor(
  executor: Executor,
  context: {
    readonly framework: FrameworkInfo;
    readonly runs: readonly TaskRun[];
    readonly volumes: readonly VolumeMount[];
  },
  facts: AgentFacts,
  policy: AgentPolicy,
): ContainerPlan {
  const { containerId, frameworkId, agentId, info, sandboxDir } = executor.spec;
  const command = info.command ?? {};
  const executorId = info.executor_id.value;
  const { framework, runs } = context;
  const volumes = [...context.volumes, ...hostMounts(info.container, sandboxDir)];
  const shutdownGraceMs = shutdownGraceOf(executor, policy);
  return {
    containerId,
    runtimeDir: `${facts.runtimeDir}/${containerId}`,
    sandboxDir,
    ...planCommand(command, info.container, framework, facts),
    ...confinement(info.container?.linux_info, { facts, policy }),
    ...apartPlan(info.container, [...(info.resources ?? []), ...runs.flatMap(({ spec }) => spec.resources)]),
    environment: Object.fromEntries([
      ...agentVariables(
        {
          frameworkId,
          agentId,
          executorId,
          framework,
          sandboxDir,
          shutdownGraceMs,
          containerId,
          container: info.container,
        },
        facts,
        policy,
      ),
      ...userVariables(command),
    ]),
    limits: executorLimits(executor, runs, policy),
    ...(volumes.length === 0 ? {} : { volumes }),
    ...pluginVolumesIn(info.container),
    ...secretsIn(command, info.container),
    ...networkOf(info.container, containerId),
    executor: { frameworkId, executorId },
  };
}

export function shutdownGraceOf({ spec }: Executor, policy: AgentPolicy): number {
  const nanoseconds = spec.info.shutdown_grace_period?.nanoseconds;
  return nanoseconds === undefined
    ? policy.executorShutdownGraceMs
    : Math.max(0, Math.ceil(nanoseconds / 1_000_000));
}

/** An executor's own share and what its tasks were given; a limit of one of them lifts the whole. */
export function executorLimits(
  executor: Executor,
  runs: readonly TaskRun[],
  policy: AgentPolicy,
): ContainerLimits {
  const live = runs.filter(({ progress }) => progress.phase !== "ended");
  const resources = Resources.sum([
    parseResources(executor.spec.info.resources ?? []),
    ...live.map(({ spec }) => parseResources(spec.resources)),
  ]);
  const cpus = limitsSum(executor, live, "cpus");
  const mem = limitsSum(executor, live, "mem");
  const limits: ContainerLimits = {
    cpusMillis: resources.scalarMillis("cpus"),
    memMib: resources.scalarMillis("mem") / 1000,
    ...(cpus === undefined ? {} : { cpusLimitMillis: cpus === "infinity" ? cpus : Math.round(cpus * 1000) }),
    ...(mem === undefined ? {} : { memLimitMib: mem }),
  };
  return heldTo(limits, policy);
}

/** Undefined when no task has a limit above its request. */
function limitsSum(
  executor: Executor,
  runs: readonly TaskRun[],
  name: "cpus" | "mem",
): number | "infinity" | undefined {
  const limits = runs.map(({ spec }) => spec.task.limits?.[name]);
  if (limits.every((limit) => limit === undefined)) return undefined;
  let sum = parseResources(executor.spec.info.resources ?? []).scalarMillis(name) / 1000;
  for (const [index, { spec }] of runs.entries()) {
    const limit = limits[index];
    if (limit !== undefined && !isBounded(limit.value)) return "infinity";
    sum += limit?.value ?? parseResources(spec.resources).scalarMillis(name) / 1000;
  }
  return sum;
}

/** Where an executor works: a command task's own, or one of a framework's. Source: Mesos agent work directory layout. */
export function sandboxPath(
  workDir: string,
  run: {
    readonly agentId: string;
    readonly frameworkId: string;
    readonly executorId: string;
    readonly containerId: string;
  },
): string {
  const { agentId, frameworkId, executorId, containerId } = run;
  return `${workDir}/slaves/${agentId}/frameworks/${frameworkId}/executors/${executorId}/runs/${containerId}`;
}

/** The container of an operator: no framework, no executor, and no share of what is offered. */
export function planStandalone(
  { containerId, command, container, resources, limits, sandboxDir }: Standalone,
  facts: AgentFacts,
  policy: AgentPolicy,
): ContainerPlan {
  const given = limitsOf({ limits }, resources, noOverhead);
  return {
    containerId,
    runtimeDir: `${facts.runtimeDir}/${containerId}`,
    sandboxDir,
    isStandalone: true,
    ...planCommand(command, container, { user: "" }, facts),
    ...confinement(container?.linux_info, { facts, policy }),
    ...apartPlan(container, resources),
    ...networkOf(container, containerId),
    environment: Object.fromEntries([
      ["MESOS_SANDBOX", sandboxSeen(container, sandboxDir)],
      ...userVariables(command),
    ]),
    // What nothing was said of is not bounded.
    limits: heldTo(
      given.memMib === 0 && given.memLimitMib === undefined ? { ...given, memLimitMib: "infinity" } : given,
      policy,
    ),
  };
}

/** What a command and its ContainerInfo say of how it starts. */
function planCommand(
  command: CommandInfo,
  container: ContainerInfo | undefined,
  framework: Pick<FrameworkInfo, "user">,
  facts: AgentFacts,
): Pick<ContainerPlan, "command" | "image" | "user" | "rlimits" | "uris"> {
  const image = imageOf(container);
  const said = saidByParameters(container?.docker?.parameters);
  // A Docker container's user is the image's, unless the task names one.
  const others =
    facts.canSwitchUser && framework.user !== "" && image?.engine !== "docker" ? framework.user : undefined;
  const user = said.user ?? command.user ?? others;
  const rlimits = [...(container?.rlimit_info?.rlimits ?? []), ...said.ulimits];
  return {
    command:
      command.shell === false
        ? { kind: "argv", value: command.value ?? "", argv: command.arguments ?? [] }
        : { kind: "shell", value: command.value ?? "" },
    ...(image === undefined ? {} : { image }),
    ...(user === undefined ? {} : { user }),
    ...(rlimits.length === 0
      ? {}
      : {
          rlimits: rlimits.map(({ type, soft, hard }) => ({
            type: type ?? "",
            ...(soft === undefined ? {} : { soft }),
            ...(hard === undefined ? {} : { hard }),
          })),
        }),
    uris: (command.uris ?? []).map(({ value, executable, extract, cache, output_file }) => ({
      value,
      ...(executable === undefined ? {} : { executable }),
      ...(extract === undefined ? {} : { extract }),
      ...(cache === undefined ? {} : { cache }),
      ...(output_file === undefined ? {} : { outputFile: output_file }),
    })),
  };
}

function limitsOf(
  task: Pick<TaskInfo, "limits">,
  wire: readonly Resource[],
  overhead: typeof executorOverhead | typeof noOverhead,
): ContainerLimits {
  const resources = parseResources(wire);
  const cpus = task.limits?.["cpus"]?.value;
  const mem = task.limits?.["mem"]?.value;
  return {
    cpusMillis: resources.scalarMillis("cpus") + overhead.cpusMillis,
    memMib: resources.scalarMillis("mem") / 1000 + overhead.memMib,
    ...(task.limits?.["cpus"] === undefined
      ? {}
      : {
          cpusLimitMillis: isBounded(cpus) ? Math.round(cpus * 1000) + overhead.cpusMillis : "infinity",
        }),
    ...(task.limits?.["mem"] === undefined
      ? {}
      : { memLimitMib: isBounded(mem) ? mem + overhead.memMib : "infinity" }),
  };
}

/** Where the processors are held to, the request is the limit of who asked for no other. */
function heldTo(limits: ContainerLimits, { enforcesCpus }: AgentPolicy): ContainerLimits {
  if (!enforcesCpus || limits.cpusLimitMillis !== undefined) return limits;
  return { ...limits, cpusLimitMillis: limits.cpusMillis };
}

/** What the agent sets; the user's own variables come on top of it. */
function agentVariables(
  input: {
    readonly frameworkId: string;
    readonly agentId: string;
    readonly executorId: string;
    readonly framework: FrameworkInfo;
    readonly sandboxDir: string;
    readonly shutdownGraceMs?: number;
    readonly containerId: string;
    readonly container: ContainerInfo | undefined;
  },
  facts: AgentFacts,
  policy: AgentPolicy,
): readonly (readonly [string, string])[] {
  const { framework, sandboxDir } = input;
  const endpoint = pidOf(facts).slice("slave(1)@".length);
  const checkpoint = framework.checkpoint === true;
  const always = [
    ["MESOS_FRAMEWORK_ID", input.frameworkId],
    ["MESOS_EXECUTOR_ID", input.executorId],
    ["MESOS_DIRECTORY", sandboxDir],
    ["MESOS_SANDBOX", sandboxSeen(input.container, sandboxDir)],
    ...(input.container?.type === "DOCKER"
      ? [["MESOS_CONTAINER_NAME", `mesos-${input.containerId}`] as const]
      : []),
    ["MESOS_SLAVE_ID", input.agentId],
    ["MESOS_SLAVE_PID", pidOf(facts)],
    ["MESOS_AGENT_ENDPOINT", endpoint],
    ["MESOS_CHECKPOINT", checkpoint ? "1" : "0"],
    ["MESOS_HTTP_COMMAND_EXECUTOR", "0"],
    [
      "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD",
      durationText(input.shutdownGraceMs ?? policy.executorShutdownGraceMs),
    ],
    ["LIBPROCESS_IP", facts.ip],
    ["LIBPROCESS_PORT", "0"],
  ] as const;
  if (!checkpoint) return always;
  return [
    ...always,
    ["MESOS_RECOVERY_TIMEOUT", durationText(policy.recoveryTimeoutMs)],
    ["MESOS_SUBSCRIPTION_BACKOFF_MAX", durationText(policy.executorReregistrationTimeoutMs)],
  ];
}

/** Where the container itself finds its sandbox. */
const sandboxSeen = (container: ContainerInfo | undefined, sandboxDir: string): string =>
  imageOf(container) === undefined ? sandboxDir : sandboxInImage;

/**
 * Folders and files of the machine that a container is to have. A relative path is of the sandbox: so what is kept there, a
 * persistent volume too, is found at an absolute one.
 */
export const hostMounts = (
  container: ContainerInfo | undefined,
  sandboxDir: string,
): readonly VolumeMount[] =>
  [...hostVolumesOf(container), ...saidByParameters(container?.docker?.parameters).volumes].map(
    ({ hostPath, containerPath, isReadOnly, propagation }) => ({
      ...(hostPath.startsWith("/")
        ? { directory: hostPath }
        : { directory: `${sandboxDir}/${hostPath}`, isInSandbox: true }),
      containerPath,
      isHosts: true,
      ...(isReadOnly ? { isReadOnly } : {}),
      ...(propagation === undefined ? {} : { propagation }),
    }),
  );

function secretsIn(command: CommandInfo, container: ContainerInfo | undefined): Pick<LaunchSpec, "secrets"> {
  const secrets = secretsOf(command, container);
  return secrets === undefined ? {} : { secrets };
}

function userVariables(command: CommandInfo | undefined): readonly (readonly [string, string])[] {
  const plain = (command?.environment?.variables ?? []).filter(({ secret }) => secret === undefined);
  return plain.map(({ name, value }) => [name, value ?? ""] as const);
}
