import { mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "#foundation/telemetry/index.ts";
import type { ContainerDriver, ExitReport } from "#kernel/containerizer/index.ts";
import type { ContainerPlan } from "../core/container-plan.ts";
import type { AgentEvent } from "../core/events.ts";
import { Containers } from "./containers.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "keelson-containers-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A driver whose launches succeed when the test says so. */
function createFakeDriver() {
  const launched: string[] = [];
  let tellExit: (report: ExitReport) => void = () => undefined;
  const release = Promise.withResolvers<void>();
  const driver: ContainerDriver = {
    launch: async ({ containerId }) => {
      launched.push(containerId);
      await release.promise;
      return { containerId, pid: 7 };
    },
    listeningPorts: () => Promise.resolve(new Set<number>()),
    openSession: () => Promise.reject(new Error("not in these tests")),
    openFeed: () => Promise.reject(new Error("not in these tests")),
    signal: async () => true,
    destroy: async () => undefined,
    onExit: (listener) => {
      tellExit = listener;
      return () => undefined;
    },
    recover: async (entries) =>
      entries.map(({ containerId }) => ({ kind: "neverStarted", containerId, message: "" })),
    update: () => undefined,
    stats: async () => ({ timestamp: 0 }),
    remove: async () => undefined,
    fetches: () => ({ succeeded: 0, failed: 0, cacheTotalBytes: 0, cacheUsedBytes: 0 }),
    pulls: async () => [],
    pruneImages: async () => undefined,
    isolation: () => ({ driver: "process", cgroups: "none", controllers: [], switchUser: false, note: "" }),
    close: async () => undefined,
  };
  return { driver, launched, release: release.resolve, exit: (report: ExitReport) => tellExit(report) };
}

function create(driver: ContainerDriver) {
  const events: AgentEvent[] = [];
  const containers = new Containers({
    driver,
    volumes: { settled: async () => undefined },
    workDir: join(dir, "work"),
    runtimeDir: join(dir, "containers"),
    tokens: undefined,
    networks: {
      join: () => Promise.reject(new Error("not in these tests")),
      leave: async () => undefined,
      recover: async () => new Map(),
      close: async () => undefined,
    },
    memories: {
      join: () => Promise.reject(new Error("not in these tests")),
      leave: async () => undefined,
      recover: async () => undefined,
    },
    pluginVolumes: {
      // A plugin that never answers.
      mount: () => new Promise(() => undefined),
      leave: async () => undefined,
      recover: async () => undefined,
      close: async () => undefined,
    },
    rotation: { maxBytes: 1_000, files: 1 },
    dispatch: (event) => events.push(event),
    log: silentLogger,
  });
  return { events, containers };
}

const aPlan = (containerId: string): ContainerPlan => ({
  containerId,
  runtimeDir: join(dir, "containers", containerId),
  sandboxDir: join(dir, "work/slaves/s/frameworks/f/executors/e/runs", containerId),
  command: { kind: "shell", value: "true" },
  environment: {},
  limits: { cpusMillis: 100, memMib: 32 },
});

describe("containers of an agent", () => {
  it("one destroyed before the driver knows of it is never launched, and said to be destroyed", async () => {
    const { driver, launched } = createFakeDriver();
    const { events, containers } = create(driver);
    containers.launch(aPlan("c1"));
    containers.destroy("c1");
    await containers.close();
    expect(launched).toEqual([]);
    expect(events).toMatchObject([{ kind: "containerLaunchFailed", containerId: "c1", code: "destroyed" }]);
  });

  it("one destroyed while a plugin is asked for its volume does not wait for the plugin", async () => {
    const { driver, launched } = createFakeDriver();
    const { events, containers } = create(driver);
    const data = {
      kind: "docker" as const,
      driver: "slow",
      name: "data",
      options: {},
      containerPath: "data",
      isReadOnly: false,
    };
    containers.launch({ ...aPlan("c1"), pluginVolumes: [data] });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events).toEqual([]);
    containers.destroy("c1");
    await containers.close();
    expect(launched).toEqual([]);
    expect(events).toMatchObject([{ kind: "containerLaunchFailed", containerId: "c1", code: "destroyed" }]);
  });

  it("an end that is told before its launch is answered comes after it", async () => {
    const { driver, launched, release, exit } = createFakeDriver();
    const { events, containers } = create(driver);
    containers.launch(aPlan("c1"));
    await expect.poll(() => launched).toEqual(["c1"]);
    exit({ containerId: "c1", exit: { kind: "exited", status: 0 }, message: "" });
    release();
    await containers.close();
    expect(events.map(({ kind }) => kind)).toEqual(["containerStarted", "containerExited"]);
  });

  it("`latest` names the newest run", async () => {
    const { driver, release } = createFakeDriver();
    const { containers } = create(driver);
    release();
    for (const id of ["c1", "c2"]) {
      containers.launch(aPlan(id));
      await containers.close();
      expect(readlinkSync(join(dir, "work/slaves/s/frameworks/f/executors/e/runs/latest"))).toBe(id);
    }
  });

  it("a sandbox outside the work directory is not removed", async () => {
    const { containers, events } = create(createFakeDriver().driver);
    containers.removeSandbox("c1", "/etc");
    await expect
      .poll(() => events)
      .toMatchObject([{ kind: "sandboxRemoved", failure: expect.stringContaining("outside") }]);
  });
});
