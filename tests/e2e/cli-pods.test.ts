/** A pod by the words people use for services: from `add` to `remove`, with its containers' logs and sessions. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";

let cluster: TestCluster;
let folder = "";

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "keelson-cli-pods-"));
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(folder, { recursive: true, force: true });
});

const container = (name: string, word: string): object => ({
  name,
  exec: { command: { shell: `echo ${word} from ${name}; exec sleep 100000` } },
  resources: { cpus: 0.01, mem: 16 },
  volumeMounts: [{ name: "shared", mountPath: "shared" }],
});

function fileWith(word: string): string {
  const file = join(folder, `${word}.json`);
  const containers = [container("web", word), container("side", word)];
  writeFileSync(file, JSON.stringify({ id: "/pair", containers, volumes: [{ name: "shared" }] }));
  return file;
}

/** Throws with what it said when it failed. */
async function cli(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.cli(...words);
  if (code !== 0) throw new Error(`keelson ${words.join(" ")} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

describe("a pod by the command line", () => {
  it("is added, shown, scaled, updated, restarted and removed", async () => {
    expect(await cli("service", "add", "--file", fileWith("hello"))).toMatch(/\/pair/);
    expect(await cli("service", "list")).toMatch(/\/pair/);
    const shown = JSON.parse(await cli("service", "show", "pair", "--json"));
    expect(shown).toMatchObject({ id: "/pair", containers: ["web", "side"], instances: 1, tasksRunning: 1 });
    expect(shown.tasks).toHaveLength(2);
    expect(await cli("service", "show", "pair")).toMatch(/CONTAINERS\s+web, side/i);
    await cli("service", "scale", "pair", "2");
    expect(await cli("service", "instances", "pair", "-o", "wide")).toMatch(/web, side/);
    await cli("service", "update", "pair", "--file", fileWith("changed"));
    expect(await cli("logs", "pair")).toMatch(/changed from web/);
    await cli("service", "update", "pair", 'labels={"tier":"front"}');
    const before = JSON.parse(await cli("service", "show", "pair", "--json"));
    expect(before).toMatchObject({ labels: { tier: "front" } });
    await cli("service", "restart", "pair");
    const after = JSON.parse(await cli("service", "show", "pair", "--json"));
    const idsOf = ({ tasks }: { tasks: readonly { id: string }[] }): string[] => tasks.map(({ id }) => id);
    expect(idsOf(after).filter((id) => idsOf(before).includes(id))).toEqual([]);
    await cli("service", "stop", "pair");
    await cli("service", "remove", "pair", "--yes");
    expect((await cluster.cli("service", "show", "pair")).code).toBe(3);
  }, 180_000);

  it("has a log and sessions of each container", async () => {
    await cli("service", "add", "--file", fileWith("spoken"));
    const all = await cli("logs", "pair");
    expect(all).toMatch(/[0-9a-f]{8} web \| spoken from web/);
    expect(all).toMatch(/[0-9a-f]{8} side \| spoken from side/);
    expect(await cli("logs", "pair", "-c", "side")).toBe("spoken from side\n");
    await cli("exec", "pair", "-c", "web", "--", "sh", "-c", "echo told > shared/word");
    expect(await cli("exec", "pair", "-c", "side", "--", "cat", "shared/word")).toBe("told\n");
    const copied = join(folder, "word");
    await cli("cp", "pair:shared/word", copied);
    expect(readFileSync(copied, "utf8")).toBe("told\n");
    expect(await cli("exec", "pair", "--", "sh", "-c", "cat stdout")).toBe("spoken from web\n");
    const { tasks } = JSON.parse(await cli("service", "show", "pair", "--json"));
    await cli("task", "kill", tasks[1].id, "--yes");
    await cli("wait", "pair");
    const replaced = JSON.parse(await cli("service", "show", "pair", "--json"));
    expect(replaced.tasks).toHaveLength(2);
    expect(replaced.tasks[0].id).not.toBe(tasks[0].id);
    const unknown = await cluster.cli("exec", "pair", "-c", "nobody", "--", "true");
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining("web, side") });
    await cli("service", "remove", "pair", "--yes");
  }, 120_000);
});
