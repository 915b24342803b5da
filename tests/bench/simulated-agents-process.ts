/**
 * Agents of the benchmark of status updates, in a process of their own: each has a real connection to the master and says
 * of every task it is given that it runs, at once. Tells how many updates were acknowledged when it is asked.
 */
import { linkPath, linkProtocol, linkVersion, type MasterToAgent } from "#contracts/link/messages.ts";
import { parseResourcesText } from "#domain/resources/index.ts";
import { type FramedLink, openFramedLink } from "#foundation/http/index.ts";

export interface AgentsAsked {
  readonly masterUrl: string;
  readonly agents: number;
}

export interface AgentsTold {
  readonly kind: "registered" | "failed";
  readonly reason?: string;
}

const resources = parseResourcesText("cpus:64;mem:262144;disk:1000000").toWire();
let registered = 0;

process.once("message", ({ masterUrl, agents }: AgentsAsked) => {
  for (let index = 0; index < agents; index += 1) open(masterUrl, index, agents);
});
process.once("disconnect", () => process.exit(0));
process.send?.("ready");

const tell = (told: AgentsTold): void => void process.send?.(told);

function open(masterUrl: string, index: number, agents: number): void {
  openFramedLink(
    { url: `${masterUrl}${linkPath}`, protocol: linkProtocol },
    (link) => {
      queueMicrotask(() =>
        link.send({
          kind: "hello",
          versions: { min: linkVersion, max: linkVersion },
          bootId: `boot-${index}`,
          masterEpoch: 0,
        }),
      );
      return {
        // The master is ours.
        onFrame: (document) => answer(link, index, agents, document as unknown as MasterToAgent),
        onClose: (reason) => tell({ kind: "failed", reason }),
      };
    },
    (reason) => tell({ kind: "failed", reason }),
  );
}

function answer(link: FramedLink, index: number, agents: number, message: MasterToAgent): void {
  switch (message.kind) {
    case "hello":
      link.send({
        kind: "register",
        info: { hostname: `host-${index}`, port: 5051, resources },
        pid: `slave(1)@10.9.${index >> 8}.${index & 255}:5051`,
        version: "1.11.0",
        capabilities: [],
      });
      return;
    case "registered":
      registered += 1;
      if (registered === agents) tell({ kind: "registered" });
      return;
    case "ping":
      link.send({ kind: "pong" });
      return;
    case "runTask": {
      const { task_id, agent_id } = message.task;
      link.send({
        kind: "statusUpdate",
        frameworkId: message.framework.id?.value ?? "",
        status: {
          task_id,
          agent_id,
          state: "TASK_RUNNING",
          source: "SOURCE_EXECUTOR",
          timestamp: Date.now() / 1000,
          uuid: Buffer.from(`${task_id.value}`.padEnd(16, "-").slice(-16)).toString("base64"),
        },
        latestState: "TASK_RUNNING",
      });
      return;
    }
    default:
  }
}
