import { describe, expect, it } from "vitest";
import type { ContainerInfo, ExecutorInfo } from "#contracts/kernel/messages.gen.ts";
import { type ExecutorContext, unsupportedInExecutor } from "./unsupported.ts";

const agentAt = (ip: string): ExecutorContext => ({ facts: { ip, canSwitchUser: true }, policy: {} });
const custom = (container: ContainerInfo): ExecutorInfo => ({
  executor_id: { value: "e" },
  command: { shell: true, value: "run" },
  container,
});
const played = (container: ContainerInfo): ExecutorInfo => ({
  type: "DEFAULT",
  executor_id: { value: "e" },
  container,
});
const inNetwork: ContainerInfo = { type: "MESOS", network_infos: [{ name: "blue" }] };
const docker = (network: "HOST" | "BRIDGE" | "USER" | "NONE"): ContainerInfo => ({
  type: "DOCKER",
  docker: { image: "lib/web", network },
  ...(network === "USER" ? { network_infos: [{ name: "blue" }] } : {}),
});
const blue =
  "ExecutorInfo.container.network_infos: an executor in the network blue cannot reach this agent, which answers on 127.0.0.1 alone; without a network of its own it does";
const none =
  "ExecutorInfo.container.docker.network: with NONE an executor cannot reach its agent; with HOST it does";

describe("an executor that calls its agent", () => {
  it.each<[string, ExecutorInfo, string, string | undefined]>([
    ["in a network that an agent on loopback is not in", custom(inNetwork), "127.0.0.1", blue],
    ["the same by another name of loopback", custom(inNetwork), "::1", blue.replace("127.0.0.1", "::1")],
    ["in a network that reaches the agent", custom(inNetwork), "10.0.0.5", undefined],
    ["in the agent's own network", custom({ type: "MESOS" }), "127.0.0.1", undefined],
    [
      "in a network without a name, which is the agent's",
      custom({ type: "MESOS", network_infos: [{}] }),
      "127.0.0.1",
      undefined,
    ],
    ["with Docker's HOST", custom(docker("HOST")), "127.0.0.1", undefined],
    [
      "with Docker's BRIDGE",
      custom(docker("BRIDGE")),
      "127.0.0.1",
      "ExecutorInfo.container.docker.network: an executor in the network mesos-bridge cannot reach this agent, which answers on 127.0.0.1 alone; with HOST it does",
    ],
    ["with Docker's USER, where it reaches the agent", custom(docker("USER")), "10.0.0.5", undefined],
    ["with Docker's NONE, wherever the agent is", custom(docker("NONE")), "10.0.0.5", none],
    ["that the agent plays, in any network", played(inNetwork), "127.0.0.1", undefined],
  ])("%s", (_, info, ip, problem) => {
    expect(unsupportedInExecutor(info, agentAt(ip))).toBe(problem);
  });
});
