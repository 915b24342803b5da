import type { MasterToAgent } from "#contracts/link/messages.ts";
import type { Core } from "#foundation/base/core.ts";
import type { AgentEffect, AgentEvent } from "#kernel/agent/core/events.ts";
import type { Boot, Connection, Program } from "../engine/index.ts";
import type { VolumeWatch } from "../invariants/volume-watch.ts";
import type { FakeContainers } from "./fake-containers.ts";

export const linkPurpose = "link";
/** The simulated disk is never full. */
const diskUsed = 0.2;
const sandboxBytes = 1_048_576;
const sandboxRemovalMs = 20;
const volumeRemovalMs = 200;

/** What of a machine outlives its agent's process. */
export interface AgentSurroundings {
  readonly name: string;
  readonly containers: FakeContainers;
  readonly volumes: VolumeWatch;
  /** Of its processors, now. */
  readonly load: () => number;
}

/** The agent's process: its core, its links to the master, and the containers of its machine. */
export function agentProgram(
  boot: Boot<AgentEvent>,
  core: Core<AgentEvent, AgentEffect>,
  { name, containers, volumes, load }: AgentSurroundings,
  masterName: string,
): Program<AgentEvent, AgentEffect> {
  const links = new Map<number, Connection>();

  const openLink = (link: number): void => {
    const connection = boot.connect(masterName, linkPurpose);
    links.set(link, connection);
    connection.onOpen = () => boot.dispatch({ kind: "linkOpened", link });
    connection.onFrame = (frame) =>
      // Our master adapter sends nothing else on a link.
      boot.dispatch({ kind: "frameReceived", link, message: frame as MasterToAgent });
    connection.onClose = () => {
      links.delete(link);
      boot.dispatch({ kind: "linkClosed", link, reason: "the connection broke" });
    };
  };

  const launch = (effect: Extract<AgentEffect, { kind: "launchContainer" }>): void => {
    const { containerId, environment, nested } = effect.plan;
    const taskId = nested?.taskId ?? environment["MESOS_EXECUTOR_ID"] ?? "";
    const directories = (effect.plan.volumes ?? []).map(({ directory }) => directory);
    for (const directory of directories)
      volumes.launched(name, taskId, directory, containers.usersOf(directory));
    containers.launch({
      containerId,
      taskId,
      command: effect.plan.command.value,
      volumes: directories,
      executor: effect.plan.executor,
      started: (pid) => boot.dispatch({ kind: "containerStarted", containerId, pid }),
      failed: (code, message) => boot.dispatch({ kind: "containerLaunchFailed", containerId, code, message }),
    });
  };

  const perform = (effect: AgentEffect): void => {
    switch (effect.kind) {
      case "openLink":
        return openLink(effect.link);
      case "sendFrame":
        return links.get(effect.link)?.send(effect.message);
      case "closeLink":
        links.get(effect.link)?.close();
        links.delete(effect.link);
        boot.after(0, () => boot.dispatch({ kind: "linkClosed", link: effect.link, reason: effect.reason }));
        return;
      case "recoverContainers": {
        const found = effect.containerIds.map((id) => containers.recover(id));
        boot.after(1, () => boot.dispatch({ kind: "containersRecovered", containers: found }));
        return;
      }
      case "launchContainer":
        return launch(effect);
      case "runProbe": {
        const { containerId, check, number, timeoutMs } = effect;
        const { result, afterMs } = containers.probe(containerId, timeoutMs);
        boot.after(afterMs, () => boot.dispatch({ kind: "probeEnded", containerId, check, number, result }));
        return;
      }
      case "cancelProbes":
        return;
      case "updateContainer":
        return;
      case "tellExecutor":
        return containers.executors.tell(effect.connection, effect.event);
      case "closeExecutor":
        return containers.executors.closed(effect.connection);
      case "signalContainer":
        return containers.signal(effect.containerId, effect.signal);
      case "destroyContainer":
        return containers.destroy(effect.containerId);
      case "removeContainer":
        return containers.remove(effect.containerId);
      case "answerStandalone":
        return;
      case "measureDisk":
        boot.after(1, () => boot.dispatch({ kind: "diskMeasured", used: diskUsed }));
        return;
      case "measureLoad":
        boot.after(1, () =>
          boot.dispatch({ kind: "loadMeasured", load: { over5Min: load(), over15Min: 1 } }),
        );
        return;
      case "measureSandbox":
        boot.after(1, () =>
          boot.dispatch({ kind: "sandboxMeasured", containerId: effect.containerId, bytes: sandboxBytes }),
        );
        return;
      case "removeSandbox":
        boot.after(sandboxRemovalMs, () =>
          boot.dispatch({ kind: "sandboxRemoved", containerId: effect.containerId }),
        );
        return;
      case "makeVolume":
        volumes.made(name, effect.directory);
        boot.after(1, () => boot.dispatch({ kind: "volumeMade", directory: effect.directory }));
        return;
      case "removeVolume":
        volumes.removed(name, effect.directory, containers.usersOf(effect.directory));
        boot.after(volumeRemovalMs, () =>
          boot.dispatch({ kind: "volumeRemoved", removalId: effect.removalId }),
        );
        return;
      case "log":
        return;
      case "shutDown":
        return boot.exit(effect.failure ?? "shut down");
    }
  };

  return {
    core,
    perform,
    started: () => {
      containers.onExit((report) => boot.dispatch({ kind: "containerExited", report }));
      containers.executors.attach((event) => boot.dispatch(event));
      boot.dispatch({ kind: "started" });
    },
  };
}
