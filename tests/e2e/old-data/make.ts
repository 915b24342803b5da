/**
 * Makes the data directory of this build that later builds must open: `data-VERSION.tar.gz` beside this file.
 * Run once before each release, never again for it: `node tools/run.mjs tests/e2e/old-data/make.ts`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ask, startCluster } from "../../harness/cluster.ts";
import { createApp, pidsOfApp, settled } from "../../harness/services.ts";

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};
const archive = fileURLToPath(new URL(`data-${version}.tar.gz`, import.meta.url));
if (existsSync(archive)) {
  console.error(`${archive} is there: data of a release that is out does not change`);
  process.exit(1);
}

const cluster = await startCluster({ agents: 1 });
const sleeper = { cmd: "exec sleep 100000", cpus: 0.01, mem: 8, portDefinitions: [] };
await createApp(cluster, { id: "/kept", ...sleeper, instances: 1, labels: { step: "one" } });
await settled(cluster, "/kept");
const change = { instances: 2, labels: { step: "two" } };
await ask(`${cluster.info.services.services}/v2/apps/kept`, { method: "PATCH", body: change });
await settled(cluster, "/kept");
// A deployment that is under way, and stays so.
await createApp(cluster, { id: "/waiting", ...sleeper, mem: 10_000_000 });
for (const name of ["supervisor", "frameworks", "agent-0", "kernel"]) cluster.kill(name);
for (const pid of pidsOfApp("/kept")) process.kill(pid, "SIGKILL");
const kept = ["agent-0", "frameworks", "kernel"];
execFileSync("tar", [
  "-czf",
  archive,
  "-C",
  cluster.dataDir,
  "--exclude=work",
  "--exclude=containers",
  ...kept,
]);
await cluster.purge();
console.log(`made ${archive}`);
