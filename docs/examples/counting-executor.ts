// An executor: runs each task as a timer that counts to what the task's data say, in one process for all tasks.
import { connectExecutor, type TaskInfo } from "@keelson/sdk";

const running = new Map<string, NodeJS.Timeout>();

const executor = connectExecutor({
  onEvent: ({ launch, launch_group, kill, message, type }) => {
    for (const task of [...(launch ? [launch.task] : []), ...(launch_group?.task_group.tasks ?? [])])
      start(task);
    if (kill !== undefined) end(kill.task_id.value, "TASK_KILLED");
    // Whatever the scheduler says is said back.
    if (message !== undefined) executor.message(Buffer.from(message.data, "base64"));
    if (type === "SHUTDOWN") void leave();
  },
  onRefused: (what, reason) => console.error(`${what} will not arrive: ${reason}`),
  onStopped: (reason) => {
    console.error(reason);
    process.exit(1);
  },
});

function start({ task_id, data = "" }: TaskInfo): void {
  let left = Number(Buffer.from(data, "base64").toString());
  executor.update({ task_id, state: "TASK_RUNNING" });
  const timer = setInterval(() => {
    left -= 1;
    if (left <= 0) end(task_id.value, "TASK_FINISHED");
  }, 100);
  running.set(task_id.value, timer);
}

function end(taskId: string, state: "TASK_FINISHED" | "TASK_KILLED"): void {
  clearInterval(running.get(taskId));
  if (running.delete(taskId)) executor.update({ task_id: { value: taskId }, state });
}

async function leave(): Promise<void> {
  for (const taskId of [...running.keys()]) end(taskId, "TASK_KILLED");
  await executor.close();
  process.exit(0);
}
