/** What happens to an agent, and what it wants done. */
import type { ExecutorCall, ExecutorEvent, NetworkInfo } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster, MasterToAgent } from "#contracts/link/messages.ts";
import type { Probe } from "#domain/health/index.ts";
import type {
  ContainerLimits,
  ExitReport,
  LaunchFailureCode,
  RecoveredContainer,
} from "#kernel/containerizer/driver.ts";
import type { CheckKind, ProbeResult } from "./check-results.ts";
import type { ContainerPlan } from "./container-plan.ts";
import type { MachineLoad } from "./load-control.ts";
import type { StandaloneOrder, StandaloneOutcome } from "./standalone.ts";

/** Where a container is, as its statuses say. */
export interface ContainerNetwork {
  /** The container that the networks were made for. */
  readonly owner: string;
  readonly infos: readonly NetworkInfo[];
}

export type NetworkAddresses = ReadonlyMap<string, readonly (readonly string[])[]>;

export type AgentEvent =
  /** Once, first. */
  | { readonly kind: "started" }
  | {
      readonly kind: "containersRecovered";
      readonly containers: readonly RecoveredContainer[];
      /** Of containers that have joined networks: in each, by who they were made for. */
      readonly addresses?: NetworkAddresses;
    }
  | { readonly kind: "linkOpened"; readonly link: number }
  /** Also for a link that never opened. */
  | { readonly kind: "linkClosed"; readonly link: number; readonly reason: string }
  /** Another master leads, or nobody is known to; the link that is opened next leads to the one that does. */
  | { readonly kind: "masterMoved" }
  | { readonly kind: "frameReceived"; readonly link: number; readonly message: MasterToAgent }
  | {
      readonly kind: "containerStarted";
      readonly containerId: string;
      readonly pid: number;
      /** Of a container that is in networks of its own. */
      readonly network?: ContainerNetwork;
    }
  | {
      readonly kind: "containerLaunchFailed";
      readonly containerId: string;
      readonly code: LaunchFailureCode;
      readonly message: string;
    }
  | { readonly kind: "containerExited"; readonly report: ExitReport }
  /** A valid SUBSCRIBE of an executor came on a stream that is open now. */
  | { readonly kind: "executorSubscribed"; readonly connection: string; readonly call: ExecutorCall }
  | { readonly kind: "executorDisconnected"; readonly connection: string }
  /** Any other valid call of an executor that is subscribed. */
  | { readonly kind: "executorCalled"; readonly call: ExecutorCall }
  /** Answers the `runProbe` of that number. */
  | {
      readonly kind: "probeEnded";
      readonly containerId: string;
      readonly check: CheckKind;
      readonly number: number;
      readonly result: ProbeResult;
    }
  | {
      readonly kind: "standaloneOrdered";
      readonly request: number;
      readonly order: StandaloneOrder;
    }
  /** `used` is the part of the disk in use, 0 to 1. */
  | { readonly kind: "diskMeasured"; readonly used: number }
  | { readonly kind: "loadMeasured"; readonly load: MachineLoad }
  | { readonly kind: "sandboxMeasured"; readonly containerId: string; readonly bytes: number }
  | { readonly kind: "sandboxRemoved"; readonly containerId: string; readonly failure?: string }
  | { readonly kind: "volumeMade"; readonly directory: string; readonly failure?: string }
  | { readonly kind: "volumeRemoved"; readonly removalId: string; readonly failure?: string };

export type AgentEffect =
  | { readonly kind: "openLink"; readonly link: number }
  | { readonly kind: "sendFrame"; readonly link: number; readonly message: AgentToMaster }
  | { readonly kind: "closeLink"; readonly link: number; readonly reason: string }
  /** Answered by `containersRecovered`. */
  | {
      readonly kind: "recoverContainers";
      readonly containerIds: readonly string[];
      /** Containers without a process of their own, whose networks others are in. */
      readonly frames: readonly string[];
    }
  /** Answered by `containerStarted` or `containerLaunchFailed`. */
  | { readonly kind: "launchContainer"; readonly plan: ContainerPlan }
  /** Answered by `probeEnded`, at the latest when its timeout is over. */
  | {
      readonly kind: "runProbe";
      readonly containerId: string;
      readonly check: CheckKind;
      readonly number: number;
      readonly probe: Probe;
      readonly timeoutMs: number;
      /** The container whose networks it is in, if it is not in the agent's. */
      readonly networkOwner?: string;
    }
  /** Nobody wants the answers of probes that still run in it. */
  | { readonly kind: "cancelProbes"; readonly containerId: string }
  | {
      readonly kind: "signalContainer";
      readonly containerId: string;
      readonly signal: "SIGTERM" | "SIGKILL";
    }
  /** What a container may use from now on. */
  | {
      readonly kind: "updateContainer";
      readonly containerId: string;
      readonly limits: ContainerLimits;
    }
  | { readonly kind: "tellExecutor"; readonly connection: string; readonly event: ExecutorEvent }
  /** After everything sent before. */
  | { readonly kind: "closeExecutor"; readonly connection: string }
  /** Ends the launch or the container; what follows is `containerLaunchFailed` or `containerExited`. */
  | { readonly kind: "destroyContainer"; readonly containerId: string }
  /** Forgets an ended container's runtime directory. */
  | { readonly kind: "removeContainer"; readonly containerId: string }
  /** Nothing is in the container's networks any more, or has its shared memory. */
  | { readonly kind: "releaseFrame"; readonly containerId: string }
  /** Of a `standaloneOrdered` of that number. */
  | { readonly kind: "answerStandalone"; readonly request: number; readonly outcome: StandaloneOutcome }
  /** Those that no container runs from, but for those named. */
  | { readonly kind: "pruneImages"; readonly excluded: readonly string[] }
  /** Answered by `diskMeasured`. */
  | { readonly kind: "measureDisk" }
  /** Answered by `loadMeasured`. */
  | { readonly kind: "measureLoad" }
  /** Answered by `sandboxMeasured`. */
  | { readonly kind: "measureSandbox"; readonly containerId: string; readonly directory: string }
  /** Answered by `sandboxRemoved`. */
  | { readonly kind: "removeSandbox"; readonly containerId: string; readonly directory: string }
  /** Does nothing to one that is there. Answered by `volumeMade`. */
  | { readonly kind: "makeVolume"; readonly directory: string }
  /** With everything in it. Answered by `volumeRemoved`. */
  | { readonly kind: "removeVolume"; readonly removalId: string; readonly directory: string }
  | {
      readonly kind: "log";
      readonly level: "info" | "warn" | "error";
      readonly event: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** The agent ends: `failure` says why when it is not a wished end; `isRemoved` when the master wants it no more. */
  | { readonly kind: "shutDown"; readonly failure?: string; readonly isRemoved?: boolean };
