import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEmbeddedStore } from "#foundation/store/index.ts";

const commits = 8;

/** strace may be absent, and tracing may be forbidden. */
function canTrace(): boolean {
  return spawnSync("strace", ["-o", "/dev/null", "-e", "trace=none", "true"]).status === 0;
}

interface Told {
  readonly acked: number;
  readonly elapsedMs: number;
  readonly ticks: number;
  /** Code of the first commit that failed. */
  readonly failure?: string;
  /** Codes of what was asked for afterwards. */
  readonly afterwards: readonly string[];
  readonly lost: number;
}

/** Runs the writer with system calls of its disk tampered with. */
async function writeWith(path: string, inject: string): Promise<Told> {
  const script = fileURLToPath(new URL("./faulty-disk-writer.ts", import.meta.url));
  const [calls = ""] = inject.split(":");
  const child = spawn(
    "strace",
    [
      ...["-f", "-q", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${inject}`],
      ...[process.execPath, "--conditions=keelson-source", script, path, String(commits)],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, "close");
  return JSON.parse(output) as Told;
}

describe.skipIf(!canTrace())("an embedded store on a faulty disk (strace)", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "keelson-faulty-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("reliability.md§4#F12 delays commits and not the timers of its process when fsync is slow", async () => {
    const fsyncMs = 150;
    const told = await writeWith(join(folder, "store.db"), `fdatasync,fsync:delay_enter=${fsyncMs * 1_000}`);
    expect(told.acked).toBe(commits);
    expect(told.elapsedMs).toBeGreaterThanOrEqual(fsyncMs * commits);
    // A timer that waited for the disk would fire about once a commit; this one wants to every 5 ms.
    expect(told.ticks).toBeGreaterThan(commits * 4);
  }, 240_000);

  it.each([
    ["fsync fails", "fdatasync,fsync:error=EIO:when=8+"],
    ["the disk is full", "pwrite64:error=ENOSPC:when=40+"],
    ["the disk is read-only", "pwrite64:error=EROFS:when=40+"],
  ])(
    "reliability.md§4#F12 says so once when %s, takes nothing more, and has what it acknowledged",
    async (_name, inject) => {
      const path = join(folder, "store.db");
      const told = await writeWith(path, inject);
      expect(told).toMatchObject({ failure: "StorageFailed", lost: 1 });
      expect(told.acked).toBeLessThan(commits);
      expect(new Set(told.afterwards)).toEqual(new Set(["StorageFailed"]));
      const store = await openEmbeddedStore({ path });
      const records = await store.load("");
      await store.close();
      for (let index = 0; index < told.acked; index += 1) expect(records.has(`k${index}`)).toBe(true);
    },
    60_000,
  );
});
