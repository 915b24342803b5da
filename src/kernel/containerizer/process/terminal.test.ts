/** Terminals of containers, on real processes. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerDriver, ExitReport } from "../driver.ts";
import { createProcessDriver } from "./process-driver.ts";

const rotation = { maxBytes: 1_000_000, files: 1 };
const waitMs = 60_000;
let root: string;
let driver: ContainerDriver;
const exits = new Map<string, ExitReport>();

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "keelson-terminal-"));
  chmodSync(root, 0o711);
  driver = createProcessDriver();
  driver.onExit((report) => exits.set(report.containerId, report));
});
afterAll(async () => {
  await driver.close();
  rmSync(root, { recursive: true, force: true });
});

const place = (id: string) => ({
  runtimeDir: join(root, "runtime", id),
  sandboxDir: join(root, "sandbox", id),
});

const launch = (id: string, value: string, terminal?: { readonly rows: number; readonly cols: number }) =>
  driver.launch({
    containerId: id,
    ...place(id),
    command: { kind: "shell", value },
    environment: {},
    limits: { cpusMillis: 100, memMib: 64 },
    stdout: rotation,
    stderr: rotation,
    ...(terminal === undefined ? {} : { terminal }),
  });

const output = (id: string): string => readFileSync(join(root, "sandbox", id, "stdout"), "utf8");

/** Files tell nobody when they grow. */
async function until<Found>(what: () => Found | undefined | false): Promise<Found> {
  for (const deadline = performance.now() + waitMs; ; await pause(10)) {
    const found = what();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`never: ${String(what)}`);
  }
}

describe("a container with a terminal", () => {
  it("has its size and name; is typed into and resized; its errors are in its output; it ends at once", async () => {
    await launch(
      "one",
      'tty; stty size; echo wrong >&2; while read word; do stty size; echo "got $word"; done',
      {
        rows: 33,
        cols: 111,
      },
    );
    await until(() => output("one").includes("wrong"));
    expect(output("one")).toMatch(/^\/dev\/pts\/\d+\r\n33 111\r\nwrong\r\n$/);
    const feed = await driver.openFeed("one");
    feed.input.write("first\n");
    await until(() => output("one").includes("got first"));
    feed.resize({ rows: 40, cols: 90 });
    feed.close();
    const other = await driver.openFeed("one");
    await until(() => {
      other.input.write("more\n");
      return output("one").includes("40 90");
    });
    other.input.write("\u0004");
    const { exit } = await until(() => exits.get("one"));
    expect(exit).toEqual({ kind: "exited", status: 0 });
    other.close();
    await expect(driver.openFeed("one")).rejects.toThrow("does not run");
  });

  it("passes a lot through, in both directions, and its keys interrupt", async () => {
    await launch(
      "two",
      "stty -echo -icanon; echo up; head -c 200000 | wc -c; trap 'exit 9' INT; while :; do sleep 0.05; done",
      {
        rows: 24,
        cols: 80,
      },
    );
    await until(() => output("two").includes("up"));
    const feed = await driver.openFeed("two");
    feed.input.write("x".repeat(200_000));
    await until(() => output("two").includes("200000"));
    await until(() => {
      feed.input.write("\u0003");
      return exits.get("two");
    });
    expect(exits.get("two")?.exit).toEqual({ kind: "exited", status: 9 });
    feed.close();
  });

  it("is not what every container has", async () => {
    await launch("three", "tty; sleep 1000");
    await until(() => output("three").includes("not a tty"));
    await expect(driver.openFeed("three")).rejects.toThrow("no terminal");
    await driver.destroy("three");
    await until(() => exits.get("three"));
  });
});
