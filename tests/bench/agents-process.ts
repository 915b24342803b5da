/** Agents in a process of their own, each with a real connection. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { AgentsAsked, AgentsTold } from "./simulated-agents-process.ts";

const entry = fileURLToPath(new URL("simulated-agents-process.ts", import.meta.url));

/** Once all are registered. They end when it is killed. */
export async function agentsOf(asked: AgentsAsked): Promise<ChildProcess> {
  const child = fork(entry);
  await once(child, "message");
  child.send(asked);
  const [told] = (await once(child, "message")) as [AgentsTold];
  if (told.kind === "failed") throw new Error(`an agent lost its connection: ${told.reason}`);
  return child;
}
