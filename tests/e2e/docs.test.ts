/** Every command that the readmes show runs as shown. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, startCluster, type TestCluster } from "../harness/cluster.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
}, 90_000);
afterAll(() => cluster.purge());

/** Lines of shell blocks, without those that start or stop a cluster: this test has one of its own. */
function commandsOf(path: string): readonly string[] {
  const blocks = [...readFileSync(join(root, path), "utf8").matchAll(/```sh\n([\s\S]*?)```/g)].map(
    (match) => match[1] ?? "",
  );
  return blocks
    .flatMap((block) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line.startsWith("bin/keelson ") && !/^bin\/keelson (up|down)\b/.test(line));
}

describe.each(["README.md", "README.zh-CN.md", "docs/operating/running.md"])("the commands of %s", (path) => {
  it("run", async () => {
    const commands = commandsOf(path);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const { code, stderr } = await run("sh", ["-c", `cd ${root} && ${command}`], {
        ...process.env,
        KEELSON_DATA_DIR: cluster.dataDir,
      });
      expect({ command, code, stderr: code === 0 ? "" : stderr }).toEqual({ command, code: 0, stderr: "" });
    }
  }, 60_000);

  it("begin with npm start, which exists", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly scripts: Record<string, string>;
    };
    expect(readFileSync(join(root, path), "utf8")).toContain("npm start");
    expect(scripts["start"]).toContain("bin/keelson up");
  });
});
