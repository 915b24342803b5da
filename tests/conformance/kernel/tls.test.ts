/** TLS: a master and agents that speak https with certificates of one CA, and those who come without. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestCa } from "#foundation/http/testing.ts";
import type { TlsFiles } from "#foundation/http/tls.ts";
import { eventually } from "../../harness/cluster.ts";
import { programArguments } from "../../harness/programs.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { aTask, type ClientCertificate, getJson, send } from "./scheduler-client.ts";

let dir = "";
let caFile = "";
let world: KernelProcesses;
let ours: ClientCertificate;
let theirs: ClientCertificate;
let theirFiles: TlsFiles;

const certificate = ({ certFile, keyFile }: TlsFiles, caFile: string): ClientCertificate => ({
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
  ca: readFileSync(caFile),
});

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "keelson-tls-"));
  const ca = new TestCa(dir, "cluster");
  const other = new TestCa(dir, "other");
  ({ caFile } = ca);
  ours = certificate(ca.issue("client"), ca.caFile);
  theirFiles = { ...other.issue("stranger"), caFile: ca.caFile };
  theirs = certificate(theirFiles, ca.caFile);
  world = await KernelProcesses.start({}, { tls: ca.issue("master") }, ours);
  await world.startAgent("one", { tls: ca.issue("agent") });
}, 240_000);
afterAll(async () => {
  await world?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Starts an agent, and waits for why its link does not open. */
async function refusal(
  name: string,
  tls?: TlsFiles,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const agent = spawn(process.execPath, programArguments("processes/agent/main"), {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    env: { ...process.env, ...variables },
  });
  const ended = once(agent, "exit");
  agent.send({
    config: {
      host: "127.0.0.1",
      hostname: name,
      port: 0,
      dataDir: join(dir, name),
      masterUrl: world.masterUrl,
      resources: "cpus:1;mem:64;disk:10",
      policy: { registrationBackoffMs: 50 },
      ...(tls === undefined ? {} : { tls }),
    },
  });
  try {
    for await (const line of createInterface({ input: agent.stdout as Readable })) {
      const entry = JSON.parse(line) as { readonly event: string; readonly reason?: string };
      if (entry.event === "master.linkClosed") return entry.reason ?? "";
    }
    throw new Error(`${name} ended before its link was refused`);
  } finally {
    agent.kill("SIGKILL");
    await ended;
  }
}

const nodeNames = async (): Promise<readonly string[]> => {
  const { slaves } = (await world.get("/slaves")) as { readonly slaves: readonly { hostname: string }[] };
  return slaves.map(({ hostname }) => hostname);
};

describe("TLS both ways", { timeout: 120_000 }, () => {
  it("mesos.md§8#105 a scheduler with a certificate subscribes over https, and its task runs and has files", async () => {
    expect(world.masterUrl).toMatch(/^https:/);
    expect(world.agentUrl("one")).toMatch(/^https:/);
    const scheduler = await world.subscribe();
    const offer = await scheduler.offer();
    await scheduler.launch(offer, aTask("t1", offer, { command: "echo over tls; sleep 1000" }));
    const running = await scheduler.status("t1", "TASK_RUNNING");
    expect(running.agent_id).toEqual(offer.agent_id);

    const state = await send(`${world.masterUrl}/api/v1`, {
      tls: ours,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "GET_TASKS" }),
    });
    expect(JSON.parse(state.text).get_tasks.tasks).toEqual([
      expect.objectContaining({ task_id: { value: "t1" }, state: "TASK_RUNNING" }),
    ]);

    const agent = world.agentUrl("one");
    const path = `/frameworks/${scheduler.frameworkId}/executors/t1/runs/latest/stdout`;
    await eventually("the output of the task over https", async () => {
      const { data } = await getJson<{ readonly data: string }>(
        `${agent}/files/read?path=${encodeURIComponent(path)}&offset=0`,
        ours,
      );
      return data.includes("over tls");
    });
    await scheduler.call("KILL", { kill: { task_id: { value: "t1" } } });
    await scheduler.status("t1", "TASK_KILLED");
  });

  it("mesos.md§8#105 no certificate, one of another CA, and plain HTTP get no answer at any port", async () => {
    const { ca = Buffer.alloc(0) } = ours;
    for (const base of [world.masterUrl, world.agentUrl("one")]) {
      for (const path of ["/health", "/api/v1", "/state"]) {
        await expect(send(base + path, { method: "GET", tls: { ca } })).rejects.toThrow();
        await expect(send(base + path, { method: "GET", tls: theirs })).rejects.toThrow();
        await expect(send(base.replace("https:", "http:") + path, { method: "GET" })).rejects.toThrow(
          /hang up|ECONNRESET/,
        );
      }
      expect((await send(`${base}/health`, { method: "GET", tls: ours })).status).toBe(200);
    }
  });

  it("mesos.md§8#105 agents without a certificate of the CA don't get in, and say what to do", async () => {
    const reasons = await Promise.all([
      refusal("none", undefined, { NODE_EXTRA_CA_CERTS: caFile }),
      refusal("foreign", theirFiles),
    ]);
    for (const reason of reasons) expect(reason).toContain("set tls.certFile and tls.keyFile to one");
    expect(await nodeNames()).toEqual(["one.test"]);
  });
});
