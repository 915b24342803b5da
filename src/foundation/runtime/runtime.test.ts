import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import {
  createMemoryStorage,
  createSystemClock,
  createSystemRandom,
  createVirtualTime,
  fatalExitCode,
  nodeTimers,
} from "./index.ts";

describe("the system clock", () => {
  it("is whole milliseconds of wall time that never go back", () => {
    const clock = createSystemClock();
    let last = clock.now();
    expect(Math.abs(last - Date.now())).toBeLessThan(60_000);
    for (let reading = 0; reading < 1_000; reading += 1) {
      const now = clock.now();
      expect(Number.isInteger(now)).toBe(true);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});

describe("timers", () => {
  it("of Node wait longer than 31 bits of milliseconds, and can be cancelled in any part of it", () => {
    vi.useFakeTimers();
    try {
      const delayMs = 0x7fff_ffff * 2.5;
      const fired: string[] = [];
      nodeTimers.set(delayMs, () => fired.push("kept"));
      const cancelled = nodeTimers.set(delayMs, () => fired.push("cancelled"));
      vi.advanceTimersByTime(delayMs / 2);
      nodeTimers.cancel(cancelled);
      vi.advanceTimersByTime(delayMs / 2 - 1);
      expect(fired).toEqual([]);
      vi.advanceTimersByTime(2);
      expect(fired).toEqual(["kept"]);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("of virtual time fire in order, each at its own instant", () => {
    const time = createVirtualTime(0);
    const fired: [string, number][] = [];
    const note = (name: string) => () => void fired.push([name, time.clock.now()]);
    time.timers.set(20, note("late"));
    time.timers.set(10, () => {
      note("early")();
      time.timers.set(5, note("nested"));
    });
    time.timers.cancel(time.timers.set(1, note("cancelled")));
    time.advance(100);
    expect(fired).toEqual([
      ["early", 10],
      ["nested", 15],
      ["late", 20],
    ]);
    expect(time.clock.now()).toBe(100);
  });
});

describe("randomness of the system", () => {
  it("differs between two generators and makes version 4 UUIDs", () => {
    const uuids = new Set(Array.from({ length: 500 }, () => createSystemRandom().uuid()));
    expect(uuids.size).toBe(500);
    for (const uuid of uuids) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });
});

describe("storage in memory", () => {
  it("loads what is below a prefix, in key order", async () => {
    const storage = createMemoryStorage();
    await storage.commit(["b/2", "a", "b/1", "bb", "b"].map((key) => ({ kind: "put", key, value: key })));
    await storage.commit([{ kind: "delete", key: "b/2" }]);
    expect([...(await storage.load("b")).keys()]).toEqual(["b/1"]);
    expect([...(await storage.load("")).keys()]).toEqual(["a", "b", "b/1", "bb"]);
  });
});

describe("the guard of a process", () => {
  it.each(["throw", "reject"])("ends it and says why when nobody caught (%s)", (how) => {
    const script = `
      import { guardProcess } from ${JSON.stringify(fileURLToPath(new URL("./process-guard.ts", import.meta.url)))};
      guardProcess((error, origin) => process.stdout.write(origin + ": " + error.message));
      setInterval(() => undefined, 1000);
      if (${JSON.stringify(how)} === "throw") setImmediate(() => { throw new Error("broken"); });
      else Promise.reject(new Error("broken"));
    `;
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(ended.status).toBe(fatalExitCode);
    expect(ended.stdout).toBe(`${how === "throw" ? "uncaughtException" : "unhandledRejection"}: broken`);
  });
});
