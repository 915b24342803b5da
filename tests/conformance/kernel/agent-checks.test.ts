/** Rows 55 and 56 of the Mesos checklist: health checks and checks that an agent runs, on real processes. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

let world: KernelWorld;
let scheduler: Scheduler;
let web: Server;
let webStatus = 200;
let webHangs = false;
let webPort = 0;
const paths: string[] = [];

beforeAll(async () => {
  world = await KernelWorld.start();
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
  web = createServer((request, response) => {
    paths.push(request.url ?? "");
    if (webHangs) return;
    if (request.url === "/moved") response.writeHead(302, { location: "/health" });
    else response.statusCode = webStatus;
    response.end("body");
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  webPort = (web.address() as AddressInfo).port;
});
afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await world.close();
});

const quick = { delay_seconds: 0, interval_seconds: 0.1, timeout_seconds: 5, grace_period_seconds: 0 };
const flag = (name: string): string => join(world.dir, name);
/** Of each update once: one whose acknowledgement was late comes again. */
const health = (taskId: string): readonly (boolean | undefined)[] =>
  [...new Map(scheduler.statuses(taskId).map((status) => [status.uuid, status])).values()].flatMap(
    ({ reason, healthy }) => (reason === "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED" ? [healthy] : []),
  );
const untilHealth = (taskId: string, wanted: boolean): Promise<TaskStatus> =>
  scheduler.until(`${taskId} healthy ${wanted}`, () => {
    const status = scheduler.statuses(taskId).at(-1);
    return status?.state === "TASK_RUNNING" && status.healthy === wanted ? status : undefined;
  });

describe("mesos.md§8#55 COMMAND/HTTP/TCP health", { timeout: 120_000 }, () => {
  it("COMMAND: in the task's own place; flips both ways; each failure is told; ends the task after so many in a row", async () => {
    const file = flag("command-ok");
    writeFileSync(file, "");
    chmodSync(file, 0o644);
    const value = `test "$COLOUR" = blue && test -e made && test -e ${file} || { echo "$(id -u) lost it"; exit 3; }`;
    const task = await scheduler.launch(
      {
        shell: true,
        value: "touch made; sleep 1000",
        environment: { variables: [{ name: "COLOUR", value: "blue" }] },
      },
      {
        health_check: {
          ...quick,
          delay_seconds: 0.5,
          type: "COMMAND",
          command: { shell: true, value },
          consecutive_failures: 15,
        },
      },
    );
    await untilHealth(task, true);
    rmSync(file);
    const failed = await untilHealth(task, false);
    const uid = process.getuid?.() === 0 ? 65_534 : process.getuid?.();
    expect(failed.message).toBe(`Health check failed: command exited with 3: ${uid} lost it`);
    writeFileSync(file, "");
    await untilHealth(task, true);
    rmSync(file);
    const end = await scheduler.ended(task);
    expect(end).toMatchObject({ state: "TASK_KILLED", healthy: false });
    // The first success, some failures, a success, and then as many failures as are allowed.
    const told = health(task);
    expect(told.slice(-15)).toEqual(Array.from({ length: 15 }, () => false));
    expect(told.filter((each) => each === true)).toHaveLength(2);
  });

  it("HTTP: 200 to 399 is well, redirects are followed, what comes back otherwise is named", async () => {
    webStatus = 200;
    const task = await scheduler.shell("sleep 1000", {
      health_check: {
        ...quick,
        type: "HTTP",
        http: { port: webPort, path: "/moved" },
        consecutive_failures: 3,
      },
    });
    await untilHealth(task, true);
    expect(paths).toContain("/health");
    webStatus = 503;
    const end = await scheduler.ended(task);
    webStatus = 200;
    expect(end).toMatchObject({
      state: "TASK_KILLED",
      healthy: false,
      message: "Killed because its health check failed: HTTP status 503",
    });
    expect(health(task)).toEqual([true, false, false, false]);
  });

  it("TCP: a connection is enough; it goes on over a restart of the agent", async () => {
    const listener = createTcpServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const { port } = listener.address() as AddressInfo;
    const task = await scheduler.shell("sleep 1000", {
      health_check: { ...quick, type: "TCP", tcp: { port }, consecutive_failures: 2 },
    });
    await untilHealth(task, true);
    await world.stopAgent();
    await world.startAgent();
    listener.close();
    const end = await scheduler.ended(task);
    expect(end).toMatchObject({ state: "TASK_KILLED", healthy: false });
    expect(health(task)).toEqual([true, false, false]);
  });

  it("grace: failures before the first success do not count while it lasts", async () => {
    const task = await scheduler.shell("sleep 1000", {
      health_check: {
        ...quick,
        type: "COMMAND",
        command: { shell: true, value: "false" },
        consecutive_failures: 1,
        grace_period_seconds: 2,
      },
    });
    const running = await scheduler.status(task, "TASK_RUNNING");
    const end = await scheduler.ended(task);
    expect((end.timestamp ?? 0) - (running.timestamp ?? 0)).toBeGreaterThanOrEqual(2);
    expect(health(task)).toEqual([false]);
  });

  it("a check that hangs is ended at its timeout, with all that it started", async () => {
    const task = await scheduler.shell("sleep 1000", {
      health_check: {
        ...quick,
        timeout_seconds: 1,
        type: "COMMAND",
        command: { shell: true, value: `setsid sleep 1234 & echo $! > hung; sleep 1234` },
        consecutive_failures: 1,
      },
    });
    const end = await scheduler.ended(task);
    expect(end.message).toBe("Killed because its health check failed: no answer in time");
    const evidence = (await world.get(`/keelson/v1/evidence?task=${task}`)).json() as {
      readonly items: readonly { readonly directory: string }[];
    };
    const pid = readFileSync(join(evidence.items[0]?.directory ?? "", "hung"), "utf8").trim();
    expect(pid).toMatch(/^\d+$/);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});

describe("mesos.md§8#56 generic checks", { timeout: 120_000 }, () => {
  const states = (taskId: string): readonly unknown[] =>
    scheduler
      .statuses(taskId)
      .flatMap(({ state, check_status }) => (state === "TASK_RUNNING" ? [check_status] : []));

  it("the first TASK_RUNNING has the type without a result; then only changes are told; a timeout is an empty result", async () => {
    webStatus = 200;
    const task = await scheduler.shell("sleep 1000", {
      check: {
        type: "HTTP",
        http: { port: webPort, path: "/check" },
        delay_seconds: 0,
        interval_seconds: 0.1,
        timeout_seconds: 1,
      },
    });
    const until = (count: number): Promise<unknown> =>
      scheduler.until(`${count} statuses`, () => (states(task).length >= count ? true : undefined));
    await until(2);
    const before = paths.filter((path) => path === "/check").length;
    webStatus = 404;
    await until(3);
    webHangs = true;
    await until(4);
    webHangs = false;
    await until(5);
    expect(states(task)).toEqual([
      { type: "HTTP", http: {} },
      { type: "HTTP", http: { status_code: 200 } },
      { type: "HTTP", http: { status_code: 404 } },
      { type: "HTTP", http: {} },
      { type: "HTTP", http: { status_code: 404 } },
    ]);
    expect(scheduler.statuses(task).at(-1)?.reason).toBe("REASON_TASK_CHECK_STATUS_UPDATED");
    expect(before).toBeGreaterThan(0);
    await scheduler.kill(task, 0);
  });

  it("COMMAND tells the exit code, TCP whether there was a connection; neither ends the task", async () => {
    const command = await scheduler.shell("sleep 1000", {
      check: {
        type: "COMMAND",
        command: { command: { shell: false, value: "sh", arguments: ["sh", "-c", "exit 7"] } },
        delay_seconds: 0,
        interval_seconds: 0.1,
      },
    });
    const tcp = await scheduler.shell("sleep 1000", {
      check: { type: "TCP", tcp: { port: webPort }, delay_seconds: 0, interval_seconds: 0.1 },
    });
    await scheduler.until("both", () =>
      states(command).length === 2 && states(tcp).length === 2 ? true : undefined,
    );
    expect(states(command)[1]).toEqual({ type: "COMMAND", command: { exit_code: 7 } });
    expect(states(tcp)[1]).toEqual({ type: "TCP", tcp: { succeeded: true } });
    expect(scheduler.statuses(command).at(-1)?.healthy).toBeUndefined();
    await scheduler.kill(command, 0);
    await scheduler.kill(tcp, 0);
  });
});
