/** A clone with nothing installed, and one command: the first minute of everybody. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../harness/cluster.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const clone = mkdtempSync(join(tmpdir(), "keelson-clone-"));
const dataDir = join(clone, "data");
const environment = { ...process.env, KEELSON_DATA_DIR: dataDir, LANG: "C" };
delete (environment as Record<string, string | undefined>)["KEELSON_URL"];

beforeAll(async () => {
  const { code, stderr } = await run("git", ["clone", "-q", root, join(clone, "keelson")]);
  expect(code, stderr).toBe(0);
});
afterAll(async () => {
  await keelson("down", "--purge");
  rmSync(clone, { recursive: true, force: true });
}, 240_000);

const inClone = (script: string, limitMs: number): ReturnType<typeof run> =>
  run("sh", ["-c", `cd ${clone}/keelson && ${script}`], environment, limitMs);
const keelson = (...words: string[]): ReturnType<typeof run> =>
  inClone(`bin/keelson ${words.join(" ")}`, 60_000);
/** Away from the block that other tests on this machine may have. */
const ports = "--port 9913 --port-offset 1113";

async function seconds(
  work: () => Promise<{ readonly code: number; readonly stdout: string }>,
): Promise<number> {
  const started = performance.now();
  const { code, stdout } = await work();
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/http:\/\/\S+\/\?login=/);
  return (performance.now() - started) / 1_000;
}

/** What the cluster's processes run, by their command lines. */
function programs(): readonly string[] {
  const { pids } = JSON.parse(readFileSync(join(dataDir, "secrets/up.json"), "utf8")) as {
    readonly pids: Readonly<Record<string, number>>;
  };
  return Object.values(pids).map(
    (pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").at(-2) ?? "",
  );
}

it("ux.md§6#1 npm start: from a clone to the console's address within a minute, and again within two seconds", async () => {
  const start = `npm start -- --detach ${ports}`;
  expect(await seconds(() => inClone(start, 180_000))).toBeLessThanOrEqual(60);
  const again: number[] = [];
  // The best of five: whatever else this machine does, it leaves one of them alone.
  for (let round = 0; round < 5 && !again.some((took) => took <= 2); round += 1) {
    await keelson("down");
    again.push(await seconds(() => inClone(start, 60_000)));
  }
  console.log(`warm starts: ${again.map((took) => `${took.toFixed(2)} s`).join(", ")}`);
  expect(Math.min(...again)).toBeLessThanOrEqual(2);
  const bundled = join(clone, "keelson/dist/processes");
  expect(programs().every((path) => path.startsWith(bundled))).toBe(true);

  // A file that is edited is what runs next, without anything to build.
  const source = join(clone, "keelson/src/clients/cli/commands/version.ts");
  writeFileSync(source, readFileSync(source, "utf8").replace("keelson ${client}", "edited ${client}"));
  expect((await keelson("version")).stdout).toContain("edited 0.1.0");
}, 600_000);
