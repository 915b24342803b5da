/** An ordinary user, with the network unplugged: the first minutes are the same. */
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../harness/cluster.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const keelson = join(root, "bin/keelson");
const isRoot = process.getuid?.() === 0;
/** Another user than the one of this test, who owns nothing. */
const uid = 65_534;

interface Demo {
  readonly status: number;
  readonly seconds: number;
}

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "keelson-user-"));
  if (isRoot) chownSync(home, uid, uid);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** In a network namespace with nothing but loopback, as that user. */
function asUser(script: string): ReturnType<typeof run> {
  const inside = `ip link set lo up && exec setpriv --reuid ${uid} --regid ${uid} --clear-groups env -i PATH="$PATH" HOME=${home} KEELSON_DATA_DIR=${home}/data sh -c '${script}'`;
  return run("unshare", ["-n", "sh", "-c", inside], process.env, 90_000);
}

describe.skipIf(!isRoot)("an ordinary user without a network", () => {
  it("ux.md§6#2 starts a cluster, sees the demo answer within three seconds, and is told what is not enforced", async () => {
    const { code, stdout, stderr } = await asUser(
      `${keelson} up --detach --json && ${keelson} demo --json && ${keelson} service remove demo >/dev/null && ${keelson} demo --json && ${keelson} status && ${keelson} service add own --cmd "id -u; exec sleep 100" --cpus 0.1 --mem 16 && ${keelson} service logs own; ${keelson} down --purge`,
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const lines = stdout.split("\n");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      services: { kernel: "http://127.0.0.1:5050", services: "http://127.0.0.1:8080" },
    });
    const demos = lines.slice(1, 3).map((line) => JSON.parse(line) as Demo);
    expect(demos.map(({ status }) => status)).toEqual([200, 200]);
    // The better of two: other tests run beside this one.
    expect(Math.min(...demos.map(({ seconds }) => seconds))).toBeLessThanOrEqual(3);
    expect(stdout).toContain("not enforced");
    expect(lines).toContain(String(uid));
  }, 120_000);
});
