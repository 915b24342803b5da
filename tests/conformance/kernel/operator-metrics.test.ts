/** Row 99 of the Mesos checklist: every metric that tools know is there under its name, and counts what was sent. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { OperatorCalls } from "./operator-calls.ts";
import { aTask, type SchedulerClient } from "./scheduler-client.ts";

type Metrics = Readonly<Record<string, number>>;

let world: KernelProcesses;
let scheduler: SchedulerClient;
beforeAll(async () => {
  world = await KernelProcesses.start();
  await world.startAgent("a");
  scheduler = await world.subscribe({ name: "with/a slash" });
}, 240_000);
afterAll(() => world?.close(), 240_000);

const metrics = (): Promise<Metrics> => world.get("/metrics/snapshot") as Promise<Metrics>;

/** `{a,b}` stands for either, as in a shell. */
function spread(pattern: string): readonly string[] {
  const { 0: whole, 1: inside } = /\{([^{}]*)\}/.exec(pattern) ?? [];
  if (whole === undefined || inside === undefined) return [pattern];
  return inside.split(",").flatMap((each) => spread(pattern.replace(whole, each)));
}

const window = "/{count,min,max,p50,p90,p95,p99,p999,p9999}";
const masterNames = [
  "master/{uptime_secs,elected,outstanding_offers,dropped_messages,operator_event_stream_subscribers}",
  "master/slaves_{active,inactive,connected,disconnected,unreachable}",
  "master/frameworks_{active,inactive,connected,disconnected}",
  "master/tasks_{staging,starting,running,killing,unreachable}",
  "master/tasks_{finished,failed,killed,lost,error,dropped,gone,gone_by_operator}",
  "master/{cpus,gpus,mem,disk}_{total,used,percent}",
  "master/{cpus,gpus,mem,disk}_revocable_{total,used,percent}",
  "master/slave_{registrations,reregistrations,removals}",
  "master/slave_removals/reason_{unhealthy,unregistered,registered}",
  "master/slave_unreachable_{scheduled,canceled,completed}",
  "master/recovery_slave_removals",
  "master/messages_{register_framework,reregister_framework,unregister_framework,deactivate_framework}",
  "master/messages_{launch_tasks,decline_offers,kill_task,revive_offers,suppress_offers,reconcile_tasks}",
  "master/messages_{status_update,status_update_acknowledgement,framework_to_executor,executor_to_framework}",
  "master/messages_{register_slave,reregister_slave,unregister_slave,exited_executor,authenticate}",
  "master/{valid,invalid}_{status_updates,status_update_acknowledgements}",
  "master/{valid,invalid}_{framework_to_executor_messages,executor_to_framework_messages}",
  "master/{valid,invalid}_operation_status_update_acknowledgements",
  "master/event_queue_{messages,dispatches,http_requests}",
  "allocator/mesos/{allocation_runs,allocation_run_ms,event_queue_dispatches}",
  `allocator/mesos/allocation_run{,_latency}_ms${window}`,
  "allocator/mesos/offer_filters/active",
  "master/operations/{total,pending,recovering,unreachable,finished,failed,error,dropped,gone_by_operator}",
  "master/operations/{reserve,unreserve,create,destroy,grow_volume,shrink_volume}/{total,finished,error}",
  "master/messages_{operation_status_update,operation_status_update_acknowledgement,reconcile_operations}",
  "allocator/mesos/resources/{cpus,mem,disk}/{total,offered_or_allocated}",
  "allocator/mesos/roles/*/shares/dominant",
  "registrar/{queued_operations,registry_size_bytes,state_fetch_ms,state_store_ms}",
  `registrar/state_store_ms${window}`,
  "registrar/log/{recovered,ensemble_size}",
  "system/{cpus_total,load_1min,load_5min,load_15min,mem_total_bytes,mem_free_bytes}",
].flatMap(spread);

const agentNames = [
  "slave/{uptime_secs,registered,recovery_errors,recovery_time_secs,frameworks_active}",
  "slave/executors_{registering,running,terminating,terminated,preempted}",
  "slave/{container_launch_errors,executor_directory_max_allowed_age_secs}",
  "slave/tasks_{staging,starting,running,killing,finished,failed,killed,lost,gone,dropped,error}",
  "slave/{cpus,gpus,mem,disk}_{total,used,percent}",
  "slave/{cpus,gpus,mem,disk}_revocable_{total,used,percent}",
  "slave/{valid,invalid}_{status_updates,framework_messages}",
  "gc/path_removals_{pending,succeeded,failed}",
  "containerizer/mesos/{container_destroy_errors,launch_errors}",
  "system/{cpus_total,load_1min,load_5min,load_15min,mem_total_bytes,mem_free_bytes}",
].flatMap(spread);

describe("mesos.md§8#99 metrics", () => {
  it("have every name of a master that tools know, as numbers", async () => {
    await scheduler.decline(await scheduler.offer(), 0);
    const told = await metrics();
    expect(masterNames.filter((name) => typeof told[name] !== "number")).toEqual([]);
  });

  it("are all at hand, however short the timeout; one that is none is refused", async () => {
    for (const [url, status] of [
      ["?timeout=5secs", 200],
      ["?timeout=soon", 400],
    ] as const)
      for (const base of [world.masterUrl, world.agentUrl("a")])
        expect((await fetch(`${base}/metrics/snapshot${url}`)).status).toBe(status);
  });

  it("have every name of an agent that tools know, as numbers", async () => {
    const response = await fetch(`${world.agentUrl("a")}/metrics/snapshot`);
    const told = (await response.json()) as Metrics;
    expect(agentNames.filter((name) => typeof told[name] !== "number")).toEqual([]);
  });

  it("count what was called and what was sent, for all and for the framework", async () => {
    const before = await metrics();
    const offer = await scheduler.offer();
    await scheduler.launch(offer, aTask("short", offer, { command: "exit 3" }));
    await scheduler.until("its end", () =>
      scheduler.statuses("short").find(({ state }) => state === "TASK_FAILED"),
    );
    await scheduler.decline(await scheduler.offer(), 0);
    await scheduler.reconcile();
    const prefix = `master/frameworks/${encodeURIComponent("with/a slash")}/${scheduler.frameworkId}`;
    const after = await eventually("the acknowledgements are counted", async () => {
      const now = await metrics();
      const acknowledged = now["master/messages_status_update_acknowledgement"] ?? 0;
      const enough = (before["master/messages_status_update_acknowledgement"] ?? 0) + 3;
      return acknowledged >= enough && now;
    });
    const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    expect(grown("master/messages_launch_tasks")).toBe(1);
    expect(grown("master/messages_decline_offers")).toBe(1);
    expect(grown("master/messages_reconcile_tasks")).toBe(1);
    expect(grown("master/tasks_failed")).toBe(1);
    expect(grown("master/valid_status_update_acknowledgements")).toBeGreaterThanOrEqual(3);
    expect(grown("master/invalid_status_update_acknowledgements")).toBe(0);
    // STARTING, RUNNING, FAILED, and RUNNING again if the end was known before it was acknowledged.
    expect(grown("master/valid_status_updates")).toBeGreaterThanOrEqual(3);
    expect(grown("master/task_failed/source_executor/reason_command_executor_failed")).toBe(1);
    expect(grown(`${prefix}/calls/accept`)).toBe(1);
    expect(grown(`${prefix}/operations/launch`)).toBe(1);
    expect(grown(`${prefix}/offers/accepted`)).toBe(1);
    expect(grown(`${prefix}/offers/declined`)).toBe(1);
    expect(grown(`${prefix}/tasks/terminal/task_failed`)).toBe(1);
    // Everything the stream carried since it was opened.
    await scheduler.rest();
    const settled = await metrics();
    const heard = (type: string): number => scheduler.events.filter((event) => event.type === type).length;
    expect(settled[`${prefix}/events/offers`]).toBe(heard("OFFERS"));
    expect(settled[`${prefix}/events/update`]).toBe(heard("UPDATE"));
    expect(settled[`${prefix}/offers/sent`]).toBe(
      scheduler.events.reduce((sum, { offers }) => sum + (offers?.offers?.length ?? 0), 0),
    );
    expect(settled[`${prefix}/subscribed`]).toBe(1);
    expect(settled[`${prefix}/roles/*/suppressed`]).toBe(1);
  });

  it("have the same names for every framework, whatever it did", async () => {
    const quiet = await world.subscribe({ name: "quiet" });
    const prefix = `master/frameworks/quiet/${quiet.frameworkId}`;
    const told = await metrics();
    const names = [
      "subscribed",
      "{calls,events,operations}",
      "calls/{subscribe,accept,decline,kill,acknowledge,reconcile,revive,suppress,message}",
      "events/{subscribed,offers,rescind,update,message,failure,error,heartbeat}",
      "offers/{sent,accepted,declined,rescinded}",
      "operations/{launch,launch_group,reserve,unreserve,create,destroy}",
      "tasks/active/task_{staging,starting,running,killing,unreachable}",
      "tasks/terminal/task_{finished,failed,killed,lost,error,dropped,gone,gone_by_operator}",
      "roles/*/suppressed",
    ].flatMap(spread);
    expect(names.filter((name) => typeof told[`${prefix}/${name}`] !== "number")).toEqual([]);
    await quiet.teardown();
  });

  it("tell filters by role, quota with what is consumed, and what became of operations", async () => {
    const operator = new OperatorCalls(world.masterUrl);
    const call = async (type: string, body: object, status: number): Promise<void> =>
      expect(await operator.call(type, body)).toMatchObject({ status });
    await scheduler.call("REVIVE");
    const offer = await scheduler.offer();
    await scheduler.decline(offer, 600);
    const change = (limits: object): Promise<void> =>
      call("UPDATE_QUOTA", { quota_configs: [{ role: "metered", guarantees: {}, limits }] }, 200);
    await change({ mem: { value: 64 } });
    const reserved = {
      name: "mem",
      type: "SCALAR",
      scalar: { value: 32 },
      reservations: [{ type: "DYNAMIC", role: "metered" }],
    };
    const operate = (type: string): Promise<void> =>
      call(`${type}_RESOURCES`, { agent_id: offer.agent_id, resources: [reserved] }, 202);
    await operate("RESERVE");
    const quota = "allocator/mesos/quota/roles/metered/resources/mem";
    await eventually("the operation is done", async () => {
      const told = await metrics();
      return told["master/operations/reserve/finished"] === 1 && told["master/operations/total"] === 0;
    });
    const told = await metrics();
    expect(told["allocator/mesos/offer_filters/roles/*/active"]).toBeGreaterThanOrEqual(1);
    expect([told[`${quota}/limit`], told[`${quota}/offered_or_allocated`]]).toEqual([64, 32]);
    expect(told[`${quota}/guarantee`]).toBeUndefined();
    await operate("UNRESERVE");
    await eventually(
      "it is free again",
      async () => (await metrics())[`${quota}/offered_or_allocated`] === 0,
    );
    await change({});
    expect(Object.keys(await metrics()).filter((name) => name.startsWith(quota))).toEqual([]);
  });

  it("forget a framework that was removed", async () => {
    const gone = await world.subscribe({ name: "gone" });
    expect(Object.keys(await metrics()).some((name) => name.includes(gone.frameworkId))).toBe(true);
    await gone.teardown();
    expect(Object.keys(await metrics()).some((name) => name.includes(gone.frameworkId))).toBe(false);
  });
});
