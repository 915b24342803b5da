/** Row 87 of the Marathon checklist: everything that can happen happens, and a listener hears each kind of it. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningServices, start } from "#frameworks/services/main.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "../kernel/kernel-processes.ts";
import { Listener } from "./event-listener.ts";

let kernel: KernelProcesses;
let services: RunningServices;
let all: Listener;
const dataDir = mkdtempSync(join(tmpdir(), "keelson-events-"));
chmodSync(dataDir, 0o755);

beforeAll(async () => {
  kernel = await KernelProcesses.start({ pingIntervalMs: 300, missedPingsMax: 3 });
  await kernel.killMaster();
  const policy = { maxRunningDeployments: 20 };
  services = await start({ host: "127.0.0.1", port: 0, dataDir, masterUrl: kernel.masterUrl, policy });
}, 240_000);
afterAll(async () => {
  kernel.thawAgent("a");
  await call("DELETE", "/v2/groups?force=true");
  await eventually("nothing is left on the agent", async () => {
    const { body } = await ask(`${kernel.agentUrl("a")}/metrics/snapshot`);
    return (body as Readonly<Record<string, number>>)["slave/frameworks_active"] === 0;
  });
  await services.close();
  await kernel.close();
  rmSync(dataDir, { recursive: true, force: true });
}, 240_000);

type Json = { readonly [name: string]: unknown };
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const { status, body: answer } = await ask(`${services.info.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { status, body: answer as Json };
}

const small = { cpus: 0.01, mem: 4 };
const sleeper = { cmd: "exec sleep 100000", ...small };
const hears = (claim: string, test: () => boolean): Promise<boolean> => eventually(claim, test);
const hearsOf = (event: string, fields: Json = {}): Promise<boolean> =>
  hears(`${event} ${JSON.stringify(fields)}`, () =>
    all.of(event).some(({ data }) => Object.entries(fields).every(([name, value]) => data[name] === value)),
  );

/** An executor of somebody else's: it tells its scheduler something, and ends when its task is killed. */
const executor = String.raw`#!${process.execPath}
const { request } = require("node:http");
const env = process.env;
const [host, port] = env.MESOS_AGENT_ENDPOINT.split(":");
const ids = { executor_id: { value: env.MESOS_EXECUTOR_ID }, framework_id: { value: env.MESOS_FRAMEWORK_ID } };
const headers = { "content-type": "application/json" };
if (env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN) headers.authorization = "Bearer " + env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN;
function call(body, onAnswer) {
  request({ host, port, path: "/api/v1/executor", method: "POST", headers }, onAnswer).end(JSON.stringify({ ...ids, ...body }));
}
function update(task_id, state) {
  const uuid = require("node:crypto").randomBytes(16).toString("base64");
  const status = { task_id, state, source: "SOURCE_EXECUTOR", uuid };
  call({ type: "UPDATE", update: { status } }, (answer) => answer.resume());
}
function take(event) {
  if (event.type === "ACKNOWLEDGED" && process.exitCode === 0) process.exit();
  if (event.type === "KILL") {
    process.exitCode = 0;
    update(event.kill.task_id, "TASK_KILLED");
  }
  if (event.type !== "LAUNCH") return;
  update(event.launch.task.task_id, "TASK_RUNNING");
  const data = Buffer.from(process.argv.slice(2).join(" ")).toString("base64");
  call({ type: "MESSAGE", message: { data } }, (answer) => answer.resume());
}
call({ type: "SUBSCRIBE", subscribe: {} }, (answer) => {
  let rest = "";
  answer.setEncoding("utf8").on("data", (piece) => {
    rest += piece;
    for (;;) {
      const end = rest.indexOf("\n");
      const length = Number(rest.slice(0, end));
      if (end < 0 || rest.length < end + 1 + length) return;
      take(JSON.parse(rest.slice(end + 1, end + 1 + length)));
      rest = rest.slice(end + 1 + length);
    }
  });
});
`;

const text = expect.any(String);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const check = expect.objectContaining({ protocol: "COMMAND" });
const step = { actions: expect.any(Array) };
const plan = { id: text, version: instant, steps: expect.any(Array) };
const asked = { clientIp: "127.0.0.1", uri: expect.stringMatching(/^\/v2\//) };
/** Every kind with what it carries; what may be absent of some is not in it. */
const kinds: Readonly<Record<string, Json>> = {
  api_post_event: { ...asked, appDefinition: expect.objectContaining({ id: text, cmd: text }) },
  pod_created_event: asked,
  pod_updated_event: asked,
  pod_deleted_event: asked,
  status_update_event: {
    slaveId: text,
    taskId: text,
    taskStatus: expect.stringMatching(/^TASK_/),
    message: text,
    appId: text,
    host: text,
    ipAddresses: expect.any(Array),
    ports: expect.any(Array),
    version: instant,
  },
  instance_changed_event: { instanceId: text, condition: text, runSpecId: text, runSpecVersion: instant },
  unknown_instance_terminated_event: { instanceId: text, runSpecId: text, condition: text },
  instance_health_changed_event: { instanceId: text, runSpecId: text, runSpecVersion: instant },
  health_status_changed_event: {
    appId: text,
    instanceId: text,
    version: instant,
    alive: expect.any(Boolean),
  },
  failed_health_check_event: {
    appId: text,
    taskId: expect.stringMatching(/\.instance-[0-9a-f-]{36}$/),
    healthCheck: check,
  },
  unhealthy_instance_kill_event: {
    appId: text,
    taskId: text,
    instanceId: text,
    version: instant,
    reason: text,
    host: "a.test",
    slaveId: text,
  },
  add_health_check_event: { appId: text, version: instant, healthCheck: check },
  remove_health_check_event: { appId: text },
  deployment_info: { plan, currentStep: step },
  deployment_step_success: { plan, currentStep: step },
  deployment_step_failure: { plan, currentStep: step },
  deployment_success: { id: text, plan },
  deployment_failed: { id: text, plan, reason: text },
  group_change_success: { groupId: text, version: instant },
  group_change_failed: { groupId: text, version: instant, reason: text },
  app_terminated_event: { appId: text },
  scheduler_registered_event: { frameworkId: text, master: text },
  scheduler_reregistered_event: { master: text },
  scheduler_disconnected_event: {},
  framework_message_event: { slaveId: text, executorId: text, message: text },
  event_stream_attached: { remoteAddress: "127.0.0.1" },
  event_stream_detached: { remoteAddress: "127.0.0.1" },
};

it("marathon.md§24#87 every kind of event is heard with what it carries, attached first, by the filter of each", async () => {
  all = new Listener(services.info.url, "?plan-format=heavy");
  await hears("it listens", () => all.heard.length === 1);
  const some = new Listener(
    services.info.url,
    "?event_type=deployment_success&event_type=app_terminated_event&event_type=no_such_event",
  );
  await hears("both listen", () => all.of("event_stream_attached").length === 2);
  await kernel.startMaster();
  await kernel.startAgent("a");
  await hearsOf("scheduler_registered_event");

  // An app from its creation to its end, one change in the way of another.
  const checks = {
    healthChecks: [
      {
        protocol: "COMMAND",
        command: { value: "test -e up" },
        delaySeconds: 0,
        intervalSeconds: 1,
        timeoutSeconds: 1,
        gracePeriodSeconds: 0,
        maxConsecutiveFailures: 1,
      },
    ],
  };
  const ofFirst = all.heard.length;
  const cmd = "touch up; sleep 2; rm up; exec sleep 100000";
  expect((await call("POST", "/v2/apps", { id: "/checked", cmd, ...small, ...checks })).status).toBe(201);
  await hearsOf("deployment_success");
  const first = all.heard.slice(ofFirst).map(({ event }) => event);
  const order = [
    "api_post_event",
    "group_change_success",
    "deployment_info",
    "deployment_step_success",
    "deployment_info",
    "deployment_step_success",
    "deployment_success",
  ];
  expect(first.filter((event) => order.includes(event))).toEqual(order);
  await hearsOf("unhealthy_instance_kill_event", { appId: "/checked" });
  await call("PUT", "/v2/apps/checked", { cpus: 1_000 });
  expect((await call("PUT", "/v2/apps/checked", { cpus: 0.02 })).status).toBe(409);
  await hearsOf("group_change_failed");
  expect((await call("PUT", "/v2/apps/checked?force=true", { instances: 0, cpus: 0.02 })).status).toBe(200);
  await hearsOf("deployment_step_failure");
  await call("DELETE", "/v2/apps/checked");
  await hearsOf("remove_health_check_event", { appId: "/checked" });
  await hearsOf("app_terminated_event", { appId: "/checked" });

  const pod = (seconds: number): Json => ({
    id: "/pod",
    containers: [{ name: "one", exec: { command: { shell: `exec sleep ${seconds}` } }, resources: small }],
    scaling: { kind: "fixed", instances: 0 },
  });
  expect((await call("POST", "/v2/pods", pod(1))).status).toBe(201);
  expect((await call("PUT", "/v2/pods/pod?force=true", pod(2))).status).toBe(200);
  expect((await call("DELETE", "/v2/pods/pod?force=true")).status).toBe(202);
  await hearsOf("app_terminated_event", { appId: "/pod" });

  // An executor of one's own has something to say.
  writeFileSync(join(dataDir, "executor"), executor);
  const fetch = [{ uri: `file://${join(dataDir, "executor")}` }];
  const own = { id: "/own", ...small, cmd: "hello there", executor: "./executor", fetch };
  expect((await call("POST", "/v2/apps", own)).status).toBe(201);
  await hearsOf("framework_message_event", { message: Buffer.from("hello there").toString("base64") });
  await hearsOf("status_update_event", { appId: "/own", taskStatus: "TASK_RUNNING" });
  const { body: state } = await ask(`${kernel.agentUrl("a")}/state`);
  expect(JSON.stringify(state)).toContain('"resources":{"cpus":0.11,');
  await call("DELETE", "/v2/apps/own");
  await hearsOf("status_update_event", { appId: "/own", taskStatus: "TASK_KILLED" });

  // An agent is lost with an instance that is given up at once, and comes back with its task.
  expect((await call("POST", "/v2/apps", { id: "/lost", ...sleeper })).status).toBe(201);
  await hearsOf("status_update_event", { appId: "/lost", taskStatus: "TASK_RUNNING" });
  kernel.freezeAgent("a");
  await hearsOf("status_update_event", { appId: "/lost", taskStatus: "TASK_UNREACHABLE" });
  await call("DELETE", "/v2/apps/lost?force=true");
  await hearsOf("app_terminated_event", { appId: "/lost" });
  kernel.thawAgent("a");
  await hearsOf("unknown_instance_terminated_event", { runSpecId: "/lost" });

  await kernel.killMaster();
  await hearsOf("scheduler_disconnected_event");
  await kernel.startMaster();
  await hearsOf("scheduler_reregistered_event");
  const another = new Listener(services.info.url);
  await hears("a third listens", () => all.of("event_stream_attached").length === 3);
  another.close();
  await hearsOf("event_stream_detached");

  expect(all.heard[0]?.event).toBe("event_stream_attached");
  expect([...new Set(all.heard.map(({ event }) => event))].sort()).toEqual(Object.keys(kinds).sort());
  for (const { event, data } of all.heard)
    expect(data).toMatchObject({ eventType: event, timestamp: instant, ...kinds[event] });
  expect(all.of("instance_health_changed_event").map(({ data }) => data["healthy"])).toEqual(
    expect.arrayContaining([true, false]),
  );
  for (const { data } of [...all.of("deployment_info"), ...all.of("deployment_success")])
    expect(Object.keys(data["plan"] as object).sort()).toEqual(["id", "steps", "version"]);
  expect(new Set(some.heard.map(({ event }) => event))).toEqual(
    new Set(["deployment_success", "app_terminated_event"]),
  );
  expect(some.heard.length).toBe(all.of("deployment_success").length + all.of("app_terminated_event").length);
  for (const each of [all, some]) each.close();
}, 180_000);
