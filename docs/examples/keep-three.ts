// Keeps three tasks running, whatever happens to them, to this program, to agents or to the master.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connectScheduler, type Offer, type TaskInfo, type TaskStatus } from "@keelson/sdk";

const wanted = 3;
const file = process.env["STATE"] ?? "keep-three.json";
// The framework's id and the tasks it believes in, so that the next run of this program goes on with them.
const state: { frameworkId?: string; tasks: Record<string, string> } = existsSync(file)
  ? JSON.parse(readFileSync(file, "utf8"))
  : { tasks: {} };

const scheduler = connectScheduler({
  masterUrl: process.env["MASTER"] ?? "http://127.0.0.1:5050",
  frameworkInfo: {
    ...(state.frameworkId === undefined ? {} : { id: { value: state.frameworkId } }),
    name: "keep-three",
    user: process.env["TASK_USER"] ?? "",
    checkpoint: true,
    failover_timeout: 3600,
  },
  // An update counts as taken when `onEvent` is done with it; one that fails comes again.
  acknowledgement: "afterHandler",
  tasksToReconcile: () => Object.keys(state.tasks).map((taskId) => ({ taskId })),
  onEvent: ({ subscribed, offers, update }) => {
    if (subscribed !== undefined) state.frameworkId = subscribed.framework_id.value;
    for (const offer of offers?.offers ?? []) answer(offer);
    if (update !== undefined) note(update.status);
    writeFileSync(file, JSON.stringify(state));
  },
  onCallFailed: (call, reason) => console.error(`${call.type} failed: ${reason}`),
  onStopped: (reason) => process.exit(console.error(reason) ?? 1),
});

function answer({ id, agent_id, resources = [] }: Offer): void {
  const cpus = resources.find(({ name }) => name === "cpus")?.scalar?.value ?? 0;
  const missing = Math.min(wanted - Object.keys(state.tasks).length, Math.floor(cpus / 0.1));
  if (missing <= 0) {
    // Not again for ten minutes, unless REVIVE asks before.
    const decline = { offer_ids: [id], filters: { refuse_seconds: 600 } };
    return scheduler.call({ type: "DECLINE", decline });
  }
  const task_infos = Array.from({ length: missing }, (_, index): TaskInfo => {
    const task_id = { value: `sleeper-${Date.now()}-${index}` };
    const command = { shell: true, value: "exec sleep 100000" };
    const resources = [scalar("cpus", 0.1), scalar("mem", 16)];
    return { task_id, name: "sleeper", agent_id, command, resources };
  });
  for (const { task_id } of task_infos) state.tasks[task_id.value] = "TASK_STAGING";
  const operations = [{ type: "LAUNCH" as const, launch: { task_infos } }];
  scheduler.call({ type: "ACCEPT", accept: { offer_ids: [id], operations } });
}

const scalar = (name: string, value: number) => ({ name, type: "SCALAR" as const, scalar: { value } });

function note({ task_id, state: told, message = "" }: TaskStatus): void {
  console.log(`${task_id.value} ${told} ${message}`);
  if (/STAGING|STARTING|RUNNING|KILLING|UNREACHABLE/.test(told)) state.tasks[task_id.value] = told;
  else if (delete state.tasks[task_id.value]) scheduler.call({ type: "REVIVE" });
}
