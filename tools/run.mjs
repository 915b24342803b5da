// Runs a TypeScript file of this repository on the project's own Node. Plain JavaScript, so that an older
// Node can start it.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const node = `${root}node_modules/.bin/node`;
const [script, ...args] = process.argv.slice(2);
const child = spawn(node, ["--conditions=keelson-source", `${root}${script}`, ...args], {
  stdio: "inherit",
  cwd: root,
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(signal === null ? code : 1));
