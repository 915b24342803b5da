import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ContainerDriver, ExitReport, LaunchSpec } from "../driver.ts";
import { detectCgroups } from "./cgroups.ts";
import { isAlive, listByEnvironment, readBootId, readStat, signalProcess } from "./proc.ts";
import { CONTAINER_MARK, createProcessDriver } from "./process-driver.ts";
import { readIdentities } from "./runtime-dir.ts";

const isRoot = process.getuid?.() === 0;
let root: string;
let driver: ContainerDriver;
let ends: Map<string, ExitReport>;
let waiting: Map<string, (report: ExitReport) => void>;

function listen(): void {
  driver.onExit((report) => {
    ends.set(report.containerId, report);
    waiting.get(report.containerId)?.(report);
  });
}

function ended(id: string): Promise<ExitReport> {
  const known = ends.get(id);
  return known === undefined ? new Promise((resolve) => waiting.set(id, resolve)) : Promise.resolve(known);
}

function specOf(id: string, value: string, more: Partial<LaunchSpec> = {}): LaunchSpec {
  return {
    containerId: id,
    runtimeDir: join(root, "runtime", id),
    sandboxDir: join(root, "sandbox", id),
    command: { kind: "shell", value },
    environment: {},
    limits: { cpusMillis: 100, memMib: 64 },
    stdout: { maxBytes: 10_000_000, files: 2 },
    stderr: { maxBytes: 10_000_000, files: 2 },
    ...more,
  };
}

const output = (id: string, name = "stdout"): string => readFileSync(join(root, "sandbox", id, name), "utf8");

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "keelson-driver-"));
  chmodSync(root, 0o711);
  ends = new Map();
  waiting = new Map();
  driver = createProcessDriver();
  listen();
});

afterEach(async () => {
  await driver.close();
  rmSync(root, { recursive: true, force: true });
});

describe("process driver", () => {
  it("tells exit status 143 from SIGTERM", async () => {
    await driver.launch(specOf("t1-status", "exit 143"));
    await driver.launch(specOf("t1-signal", "kill -TERM $$"));
    expect((await ended("t1-status")).exit).toEqual({ kind: "exited", status: 143 });
    expect((await ended("t1-signal")).exit).toMatchObject({ kind: "signaled", signal: 15 });
  });

  it("ends a task whose child keeps the pipe open, and keeps its output", async () => {
    await driver.launch(specOf("t2", "echo before; sleep 1000 & exit 3"));
    const report = await ended("t2");
    expect(report.exit).toEqual({ kind: "exited", status: 3 });
    expect(output("t2")).toBe("before\n");
  });

  it("kills a child that called setsid", async () => {
    await driver.launch(specOf("t3", "setsid sleep 1000 & sleep 0.2"));
    await ended("t3");
    expect(listByEnvironment(CONTAINER_MARK, "t3")).toEqual([]);
  });

  it("rotates a log of 1 GB without losing a byte", async () => {
    const bytes = 1_000_000_000;
    const value = `yes 0123456789abcdef | head -c ${bytes}`;
    // With the share of a small task it would take minutes where others want the machine too.
    const limits = { cpusMillis: 2_000, memMib: 64 };
    await driver.launch(specOf("t4", value, { limits, stdout: { maxBytes: 100_000_001, files: 20 } }));
    expect((await ended("t4")).exit).toEqual({ kind: "exited", status: 0 });
    const names = readdirSync(join(root, "sandbox", "t4")).filter((name) => name.startsWith("stdout"));
    expect(names.length).toBe(10);
    const oldestFirst = names.sort((a, b) => Number(b.slice(7)) - Number(a.slice(7)));
    const kept = createHash("sha256");
    for (const name of oldestFirst) kept.update(readFileSync(join(root, "sandbox", "t4", name)));
    const expected = execFileSync("sh", ["-c", `${value} | sha256sum`], { encoding: "utf8" }).slice(0, 64);
    expect(kept.digest("hex")).toBe(expected);
  }, 300_000);

  it("reports an unknown end when its shim is killed, and ends the whole tree", async () => {
    const spec = specOf("t5", "setsid sleep 1000 & sleep 1000");
    await driver.launch(spec);
    process.kill(readIdentities(spec.runtimeDir)?.shim.pid ?? 0, "SIGKILL");
    expect((await ended("t5")).exit).toEqual({ kind: "unknown" });
    expect(listByEnvironment(CONTAINER_MARK, "t5")).toEqual([]);
  });

  it("adopts a running task after a restart, and reads one that ended meanwhile", async () => {
    const first = await driver.launch(specOf("t6-runs", "sleep 1000"));
    await driver.launch(specOf("t6-ends", "exec sleep 1000"));
    const ending = readIdentities(join(root, "runtime", "t6-ends"))?.main.pid ?? 0;
    await driver.close();
    process.kill(ending, "SIGINT");
    while (!existsSync(join(root, "runtime", "t6-ends", "exit")))
      await new Promise((go) => setTimeout(go, 10));
    driver = createProcessDriver();
    listen();
    const ids = ["t6-runs", "t6-ends", "t6-never"];
    const found = await driver.recover(
      ids.map((id) => ({ containerId: id, runtimeDir: join(root, "runtime", id) })),
    );
    expect(found[0]).toEqual({ kind: "running", containerId: "t6-runs", pid: first.pid });
    expect(found[1]).toMatchObject({ kind: "ended", report: { exit: { kind: "signaled", signal: 2 } } });
    expect(found[2]).toMatchObject({ kind: "neverStarted" });
    await driver.destroy("t6-runs");
    expect((await ended("t6-runs")).exit).toMatchObject({ kind: "signaled", signal: 9 });
  });

  it("signals no process whose pid was used again", () => {
    const bootId = readBootId();
    const other = { bootId, pid: process.ppid, startTime: `${readStat(process.ppid)?.startTime}0` };
    expect(isAlive(other, bootId)).toBe(false);
    expect(signalProcess(other, bootId, "SIGKILL")).toBe(false);
    const before = { ...other, bootId: "before", startTime: readStat(process.ppid)?.startTime ?? "" };
    expect(signalProcess(before, bootId, "SIGKILL")).toBe(false);
  });

  it.skipIf(!isRoot)("goes on over a full disk, counts what was lost and says so", async () => {
    const spec = specOf("t8", "head -c 3000000 /dev/zero; rm filler; echo after");
    mkdirSync(spec.sandboxDir, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", spec.sandboxDir]);
    try {
      writeFileSync(join(spec.sandboxDir, "filler"), Buffer.alloc(500_000));
      await driver.launch(spec);
      expect((await ended("t8")).exit).toEqual({ kind: "exited", status: 0 });
      const dropped = Number(
        /dropped_stdout (\d+)/.exec(readFileSync(join(spec.runtimeDir, "exit"), "utf8"))?.[1],
      );
      expect(dropped).toBeGreaterThan(1_000_000);
      expect(output("t8")).toContain("bytes of output dropped: disk full");
    } finally {
      execFileSync("umount", ["-l", spec.sandboxDir]);
    }
  });

  it.skipIf(!isRoot || detectCgroups() === undefined)("tells an out-of-memory kill", async () => {
    await driver.launch(specOf("t9", "tail /dev/zero"));
    const report = await ended("t9");
    expect(report.message).toMatch(/^Memory limit exceeded: Requested: 64MB Maximum Used: 6\dMB/);
    expect(report.oom?.limitBytes).toBe(64 * 1024 * 1024);
  });

  it("fetches as the task's user, into a sandbox that is its own", async () => {
    writeFileSync(join(root, "hello.txt"), "hello");
    const uris = [{ value: join(root, "hello.txt") }];
    await driver.launch(specOf("t11", 'test "$(stat -c %U hello.txt)" = "$(id -un)"', { uris }));
    expect((await ended("t11")).exit).toEqual({ kind: "exited", status: 0 });
    const missing = specOf("t12", "true", { uris: [{ value: "/nowhere" }] });
    await expect(driver.launch(missing)).rejects.toMatchObject({ code: "fetch" });
  });

  it("starts 200 tasks", async () => {
    const begun = performance.now();
    const ids = Array.from({ length: 200 }, (_, index) => `t10-${index}`);
    await Promise.all(ids.map((id) => driver.launch(specOf(id, "exec sleep 1000"))));
    const tookMs = Math.round(performance.now() - begun);
    const shim = readIdentities(join(root, "runtime", "t10-7"))?.shim.pid;
    const rollup = readFileSync(`/proc/${shim}/smaps_rollup`, "utf8");
    console.info(`200 started in ${tookMs} ms; a shim: ${/^Pss:\s+(.*)$/m.exec(rollup)?.[1]} PSS`);
    await Promise.all(ids.map((id) => driver.destroy(id)));
    await Promise.all(ids.map(ended));
  }, 300_000);
});
