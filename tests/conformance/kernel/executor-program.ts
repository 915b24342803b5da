/**
 * An executor as a stranger writes it: one file, `node:*` only, framing of its own. It does what schedulers tell it by
 * framework message, and writes what it hears to `heard`, one JSON document a line.
 *
 * Kept as text, so that it runs in a sandbox that may read nothing of ours.
 */
export const executorProgram = String.raw`
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { randomBytes } from "node:crypto";

const env = process.env;
const [host, port] = env.MESOS_AGENT_ENDPOINT.split(":");
const ids = { executor_id: { value: env.MESOS_EXECUTOR_ID }, framework_id: { value: env.MESOS_FRAMEWORK_ID } };
const hear = (what) => appendFileSync("heard", JSON.stringify(what) + "\n");
const tasks = new Map();
const updates = new Map();

const headers = () => ({
  "content-type": "application/json",
  ...(env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN === undefined
    ? {}
    : { authorization: "Bearer " + env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN }),
});

function call(body, onAnswer) {
  const sent = request({ host, port, path: "/api/v1/executor", method: "POST", headers: headers() }, onAnswer);
  sent.on("error", () => undefined);
  sent.end(JSON.stringify({ ...ids, ...body }));
  return sent;
}

function update(taskId, state, more = {}) {
  const status = {
    task_id: { value: taskId },
    state,
    source: "SOURCE_EXECUTOR",
    uuid: randomBytes(16).toString("base64"),
    timestamp: Date.now() / 1000,
    ...more,
  };
  updates.set(status.uuid, status);
  call({ type: "UPDATE", update: { status } }, (answer) => {
    hear({ answered: answer.statusCode, uuid: status.uuid });
    answer.resume();
  });
}

function launch(task) {
  tasks.set(task.task_id.value, task);
  update(task.task_id.value, "TASK_RUNNING", { data: Buffer.from([0, 255]).toString("base64") });
}

function take(event) {
  hear(event);
  if (event.type === "LAUNCH") launch(event.launch.task);
  if (event.type === "LAUNCH_GROUP") for (const task of event.launch_group.task_group.tasks) launch(task);
  if (event.type === "KILL") update(event.kill.task_id.value, "TASK_KILLED");
  if (event.type === "ACKNOWLEDGED") {
    updates.delete(event.acknowledged.uuid);
    tasks.delete(event.acknowledged.task_id.value);
  }
  if (event.type === "SHUTDOWN") {
    writeFileSync("shutdown", "");
    for (const id of (existsSync("running") ? readFileSync("running", "utf8").split("\n") : []).filter(Boolean))
      update(id, "TASK_KILLED");
    setTimeout(() => process.exit(0), 300);
  }
  if (event.type !== "MESSAGE") return;
  const words = Buffer.from(event.message.data, "base64");
  const text = words.toString("utf8");
  if (text.startsWith("finish ")) update(text.slice(7), "TASK_FINISHED");
  else if (text.startsWith("exit ")) process.exit(Number(text.slice(5)));
  else if (text === "die") process.kill(process.pid, "SIGKILL");
  // Back as it came, whatever bytes there are.
  else call({ type: "MESSAGE", message: { data: event.message.data } }, (answer) => answer.resume());
}

let attempts = 0;
function subscribe() {
  attempts += 1;
  const lists = {
    unacknowledged_tasks: [...tasks.values()],
    unacknowledged_updates: [...updates.values()].map((status) => ({ status })),
  };
  const again = () => setTimeout(subscribe, 100);
  const sent = call({ type: "SUBSCRIBE", subscribe: lists }, (answer) => {
    if (answer.statusCode !== 200) {
      answer.resume();
      return answer.on("end", again);
    }
    hear({ subscribedWith: { tasks: lists.unacknowledged_tasks.length, updates: lists.unacknowledged_updates.length } });
    let rest = Buffer.alloc(0);
    answer.on("data", (piece) => {
      rest = Buffer.concat([rest, piece]);
      for (;;) {
        const end = rest.indexOf(10);
        if (end < 0) return;
        const length = Number(rest.subarray(0, end).toString());
        if (rest.length < end + 1 + length) return;
        take(JSON.parse(rest.subarray(end + 1, end + 1 + length).toString()));
        rest = rest.subarray(end + 1 + length);
      }
    });
    answer.on("close", () => {
      // What happens while nobody listens.
      if (existsSync("offline")) update(readFileSync("offline", "utf8"), "TASK_FINISHED");
      again();
    });
  });
  sent.on("error", again);
}
subscribe();
`;
