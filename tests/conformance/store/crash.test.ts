import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEmbeddedStore } from "#foundation/store/index.ts";

const rounds = 6;
const conditions = "--conditions=keelson-source";

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Runs until it has acknowledged `acked` commits, then kills it and returns every key it told of. */
async function writeAndKill(path: string, round: number, acked: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [conditions, script("./crash-writer.ts"), path, String(round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`the writer ended by itself: ${output}`)));
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split("\n").length > acked) resolve();
    });
  });
  child.removeAllListeners("exit");
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
  const lines = output.split("\n");
  return lines.slice(1, -1);
}

describe("an embedded store whose process is killed", () => {
  let folder: string;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "keelson-crash-"));
  });
  afterEach(async () => {
    if (child !== undefined) {
      // Only what is gone makes no more files in the folder.
      const closed = once(child, "close");
      child.kill("SIGKILL");
      await closed;
      child = undefined;
    }
    await rm(folder, { recursive: true });
  });

  it("has every acknowledged batch, and no half one, round after round", async () => {
    const path = join(folder, "store.db");
    const acked: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      acked.push(...(await writeAndKill(path, round, 20 + round * 37)));
      const store = await openEmbeddedStore({ path });
      const records = await store.load("");
      await store.close();
      for (const key of acked) {
        expect(records.get(`${key}/a`)).toMatchObject({ key });
        expect(records.get(`${key}/b`)).toMatchObject({ key });
      }
      for (const key of records.keys()) {
        expect(records.has(key.endsWith("/a") ? key.replace(/a$/, "b") : key.replace(/b$/, "a"))).toBe(true);
      }
    }
    expect(acked.length).toBeGreaterThan(rounds * 20);
  }, 240_000);

  it("can be opened at once by the next process, whatever the file of the dead one's pid says", async () => {
    const path = join(folder, "store.db");
    await writeAndKill(path, 0, 3);
    await writeFile(`${path}.pid`, "1\n");
    const store = await openEmbeddedStore({ path });
    await store.close();
  });

  it("names the process that has it open", async () => {
    const path = join(folder, "store.db");
    child = spawn(process.execPath, [conditions, script("./crash-writer.ts"), path, "0"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (child.stdout !== null) await once(child.stdout, "data");
    await expect(openEmbeddedStore({ path })).rejects.toMatchObject({
      code: "Conflict",
      message: expect.stringContaining(`process ${child.pid}`),
    });
  });
});
