/** The package `marathon` of the Python index, unmodified: creates, scales, upgrades, watches, kills, deletes. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { python, pythonWith } from "./python-packages.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const packages = [
  "marathon==0.13.0",
  "requests==2.31.0",
  "requests-toolbelt==1.0.0",
  "urllib3",
  "idna",
  "certifi",
  "charset-normalizer",
];

describe.skipIf(!existsSync(python))("python-marathon", () => {
  let cluster: TestCluster;
  let interpreter: string;
  beforeAll(async () => {
    interpreter = await pythonWith("marathon", packages, { isOld: true });
    cluster = await startCluster();
  }, 300_000);
  afterAll(() => cluster.purge());

  it("drives services through every kind of call it has", async () => {
    const args = [join(here, "python-marathon/drive.py"), cluster.info.services.services];
    const ended = await new Promise<{ readonly code: unknown; readonly output: string }>((resolve) => {
      execFile(interpreter, args, { timeout: 170_000 }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, output: error === null ? stdout : stdout + stderr }),
      );
    });
    expect(ended).toEqual({
      code: 0,
      output:
        "info\ncreated\nscaled\nupgraded and heard of it\nversions\nkilled\nrestarted and found by label\ngroup\ndeleted\n",
    });
  }, 180_000);
});
