/** Commands and terminals in tasks over the agent's WebSocket, on a real agent and real processes. */
import { chmodSync, existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identityHeaders } from "#contracts/identity.ts";
import { agentStreamPaths } from "#contracts/kernel/agent-streams.ts";
import type { AuditRecord } from "#contracts/observe/audit.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";
import { ExecClient } from "./exec-client.ts";

const doorSecret = "between the door and its daemons";
let world: KernelWorld;
let scheduler: Scheduler;
let task: string;

beforeAll(async () => {
  world = await KernelWorld.start({ doorSecret });
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
  task = await scheduler.launch({
    shell: true,
    value: "echo from the task > made; sleep 1000",
    environment: { variables: [{ name: "COLOUR", value: "blue" }] },
  });
  await scheduler.status(task, "TASK_RUNNING");
});
afterAll(() => world.close());

const clients: ExecClient[] = [];
afterAll(() => {
  for (const { socket } of clients) socket.terminate();
});

function exec(query: string, headers: Readonly<Record<string, string>> = {}, taskId = task): ExecClient {
  const client = new ExecClient(`${world.agentUrl}${agentStreamPaths.exec(taskId)}?${query}`, headers);
  clients.push(client);
  return client;
}

const command = (...args: readonly string[]): string =>
  args.map((each) => `arg=${encodeURIComponent(each)}`).join("&");

describe("a command in a task", { timeout: 120_000 }, () => {
  it("runs in the task's own place, and its exit code comes through", async () => {
    const client = exec(
      `${command("sh", "-c", "cat made; echo $COLOUR $ADDED; pwd; echo no >&2; exit 42")}&env=ADDED=x%3Dy`,
    );
    expect(await client.untilClosed()).toEqual({ exit: { code: 42 } });
    expect(client.closed?.code).toBe(1000);
    const [made, variables, directory] = client.stdout.split("\n");
    expect([made, variables]).toEqual(["from the task", "blue x=y"]);
    expect(directory).toContain(`/executors/${task}/runs/`);
    expect(client.stderr).toBe("no\n");
    expect(client.controls[0]).toMatchObject({ started: { taskId: task, pid: expect.any(Number) } });
  });

  it("reads its input to the end, also what was sent before it ran", async () => {
    const client = exec(command("cat"));
    await new Promise((resolve) => client.socket.once("open", resolve));
    client.type("early ");
    await client.untilStarted();
    client.type(Buffer.alloc(500_000, "x"));
    client.control({ eof: true });
    expect(await client.untilClosed()).toEqual({ exit: { code: 0 } });
    expect(client.stdout).toHaveLength(500_006);
    expect(client.stdout.startsWith("early x")).toBe(true);
  });

  it("is signalled by name, and tells the signal that ended it", async () => {
    const client = exec(command("sleep", "1000"));
    await client.untilStarted();
    client.control({ signal: "SIGTERM" });
    expect(await client.untilClosed()).toEqual({ exit: { signal: "SIGTERM" } });
  });

  it("that is not there says so", async () => {
    const client = exec(command("no-such-command"));
    expect(await client.untilClosed()).toEqual({
      failed: { message: "Failed to start the command (exec): No such file or directory" },
    });
  });

  it("does not outlive its client, nor does anything that it started", async () => {
    const client = exec(command("sh", "-c", "setsid sleep 1000 & echo $!; sleep 1000"));
    await client.until("its output", () => client.stdout.includes("\n"));
    const pids = [Number(client.stdout.trim()), client.controls[0].started.pid as number];
    expect(pids.every((pid) => existsSync(`/proc/${pid}`))).toBe(true);
    client.socket.terminate();
    await eventually("nothing of it is left", async () => pids.every((pid) => !existsSync(`/proc/${pid}`)));
  });
});

describe("a terminal in a task", { timeout: 120_000 }, () => {
  it("has a prompt soon, its size, the size it is changed to, and the shell's exit code", async () => {
    const begun = Date.now();
    const client = exec("tty=true&rows=30&cols=100&env=PS1=ready%3E");
    await client.until("a prompt", () => /[>$#] ?$/.test(client.stdout));
    // The goal is 500 ms on a quiet machine; a loaded one gets more, but not so much that nobody looks.
    expect(Date.now() - begun).toBeLessThan(30_000);
    client.type("stty size\n");
    await client.until("the size", () => client.stdout.includes("30 100"));
    client.control({ resize: { rows: 44, cols: 132 } });
    client.type("stty size\n");
    await client.until("the new size", () => client.stdout.includes("44 132"));
    client.type("exit 7\n");
    expect(await client.untilClosed()).toEqual({ exit: { code: 7 } });
  });
});

describe("what is refused", { timeout: 120_000 }, () => {
  it.each([
    ["a task that is not here", "", "none", 404, "NotFound"],
    ["a variable without a value", "env=A", undefined, 400, "InvalidRequest"],
    ["a terminal without a width", "tty=true&cols=0", undefined, 400, "InvalidRequest"],
  ])("%s", async (_name, query, taskId, status, code) => {
    const client = exec(query, {}, taskId ?? task);
    await client.until("a refusal", () => client.refused !== undefined);
    expect(client.refused?.status).toBe(status);
    expect(JSON.parse(client.refused?.body ?? "")).toMatchObject({ code });
  });

  it("a page of another site", async () => {
    const client = exec("tty=true", { origin: "http://evil.example" });
    await client.until("a refusal", () => client.refused !== undefined);
    expect(client.refused?.status).toBe(403);
  });

  it("a frame that does not belong, and a task that ended", async () => {
    const client = exec(command("cat"));
    await client.untilStarted();
    client.socket.send("nonsense");
    await client.untilClosed();
    expect(client.closed?.code).toBe(4400);
    const short = await scheduler.shell("true");
    await scheduler.ended(short);
    const late = exec("", {}, short);
    await late.until("a refusal", () => late.refused !== undefined);
    expect(late.refused?.status).toBe(409);
  });

  it("more sessions of one task than the bound", async () => {
    const many = Array.from({ length: 17 }, () => exec(command("sleep", "1000")));
    await Promise.all(many.map((client) => client.until("an answer", () => client.controls.length > 0)));
    const failed = many.filter(({ controls }) => controls[0].failed !== undefined);
    expect(failed).toHaveLength(1);
    expect(failed[0]?.controls[0].failed.message).toContain("sessions open");
    for (const { socket } of many) socket.terminate();
    await eventually("room for another", async () => {
      const client = exec(command("true"));
      const last = (await client.untilClosed()) as { readonly exit?: unknown };
      return last.exit !== undefined;
    });
  });
});

describe("who did it", { timeout: 120_000 }, () => {
  it("is written down, as the door says it and not as anybody says it", async () => {
    const said = { [identityHeaders.user]: "alice", [identityHeaders.from]: "10.0.0.7" };
    await exec(command("true", "by the door"), { ...said, [identityHeaders.door]: doorSecret }).untilClosed();
    await exec(command("true", "by a liar"), said).untilClosed();
    const { items } = (await world.get("/keelson/v1/audit?filter=action:task.exec")).json() as {
      readonly items: readonly AuditRecord[];
    };
    const by = (text: string): AuditRecord | undefined =>
      items.find(({ message }) => message?.includes(text));
    expect(by("by the door")).toMatchObject({
      user: "alice",
      from: "10.0.0.7",
      object: task,
      source: "agent",
    });
    expect(by("by the door")?.message).toBe('["true","by the door"]');
    expect(by("by a liar")).toMatchObject({ user: "anonymous", from: "127.0.0.1" });
  });

  it("is still known after the agent started again, and its task goes on", async () => {
    await world.stopAgent();
    await world.startAgent({ doorSecret });
    const audit = await world.get("/keelson/v1/audit?user=alice");
    expect((audit.json() as { readonly total: number }).total).toBe(1);
    const client = exec(command("cat", "made"));
    expect(await client.untilClosed()).toEqual({ exit: { code: 0 } });
    expect(client.stdout).toBe("from the task\n");
  });
});
