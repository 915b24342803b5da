// Installs what this clone needs and is missing, and nothing else. Plain JavaScript that Node 18 can run.
//   --quiet   say nothing when there is nothing to do
//   --bundle  also the programs in dist, which start faster than the sources; `--tests` has them made too
//   --tests   also the system packages that tests use, as root on Debian or Ubuntu
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const quiet = process.argv.includes("--quiet");
const chinese = /^zh/i.test(process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || "");
const say = (english, translated) => console.error(chinese ? translated : english);

if (process.platform !== "linux") {
  say(
    `Keelson runs on Linux only; this is ${process.platform}.`,
    `Keelson 只能在 Linux 上运行；当前系统是 ${process.platform}。`,
  );
  process.exit(1);
}
const tests = process.argv.includes("--tests");
installPackages();
repairNode();
buildConsole();
if (tests || process.argv.includes("--bundle")) bundlePrograms();
if (tests) installSystemPackages();
if (!quiet) say("setup: everything is in place", "安装检查：一切就绪");

function installPackages() {
  const wanted = createHash("sha256")
    .update(readFileSync(`${root}package-lock.json`))
    .digest("hex");
  const stamp = `${root}node_modules/.keelson-setup`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say("Installing packages (once)…", "正在安装依赖包（仅一次）…");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    english:
      "npm could not install the packages. Check the network and the npm registry, then run the same command again.",
    translated: "npm 无法安装依赖包。请检查网络和 npm 源，然后再次运行同一命令。",
  });
  writeFileSync(stamp, wanted);
}

/** The project's Node comes as a package; a machine may have it left out, with optional packages off. */
function repairNode() {
  if (nodeWorks()) return;
  const { optionalDependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const name = `node-linux-${process.arch}`;
  const version = optionalDependencies[name];
  if (version === undefined) {
    say(
      `Keelson runs on x64 and arm64; this machine is ${process.arch}.`,
      `Keelson 支持 x64 与 arm64；本机为 ${process.arch}。`,
    );
    process.exit(1);
  }
  say("Repairing the project's own Node…", "正在修复项目自带的 Node…");
  run(
    "npm",
    [
      "install",
      "--no-save",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      "--include=optional",
      `${name}@${version}`,
    ],
    {
      english: `npm could not install ${name}.`,
      translated: `npm 无法安装 ${name}。`,
    },
  );
  if (!nodeWorks()) {
    say(
      `node_modules/.bin/node does not run. Remove node_modules and try again.`,
      "node_modules/.bin/node 无法运行。请删除 node_modules 后重试。",
    );
    process.exit(1);
  }
}

function nodeWorks() {
  const probe = spawnSync(`${root}node_modules/.bin/node`, ["--version"], { encoding: "utf8" });
  return probe.status === 0 && Number(/^v(\d+)/.exec(probe.stdout)?.[1]) >= 24;
}

/** The console is built where its sources, or what they import, differ from those of the last build. */
function buildConsole() {
  const sources = ["ui", "src/contracts", "src/domain", "src/foundation/base"].flatMap(filesBelow).sort();
  const hash = createHash("sha256");
  for (const path of [...sources, "package-lock.json"])
    hash.update(path).update(readFileSync(`${root}${path}`));
  const wanted = hash.digest("hex");
  const built = `${root}ui/dist`;
  const stamp = `${built}/.stamp`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say("Building the console…", "正在构建控制台…");
  // Beside the old one until it is whole: a door may be serving that, and two set-ups may run at once.
  const fresh = `${built}.${process.pid}`;
  const vite = ["node_modules/vite/bin/vite.js", "build", "--config", "ui/vite.config.ts"];
  const result = spawnSync(
    `${root}node_modules/.bin/node`,
    [...vite, "--outDir", fresh, "--logLevel", "error"],
    { cwd: root, stdio: ["ignore", 2, 2] },
  );
  if (result.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    say(
      "The console could not be built; everything else works without it.",
      "控制台构建失败；其他功能不受影响。",
    );
    return;
  }
  writeFileSync(`${fresh}/.stamp`, wanted);
  rmSync(built, { recursive: true, force: true });
  renameSync(fresh, built);
}

/** Without them the sources run, more slowly. */
function bundlePrograms() {
  const isCurrent = () => spawnSync("sh", [`${root}tools/bundle-is-current.sh`, root]).status === 0;
  if (isCurrent()) return;
  say("Bundling the programs…", "正在打包程序…");
  spawnSync(`${root}node_modules/.bin/node`, [`${root}tools/bundle.ts`], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (!isCurrent())
    say(
      "The programs could not be bundled; they start from their sources, which takes longer.",
      "程序打包失败；将直接从源码启动，启动会慢一些。",
    );
}

function filesBelow(folder) {
  return readdirSync(`${root}${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name.startsWith("dist") ? [] : filesBelow(path);
    return /\.test\.tsx?$|\.md$/.test(entry.name) ? [] : [path];
  });
}

/** Names in tools/apt-packages.txt. Without root or apt, tests that need one are skipped as tests/skips.json says. */
function installSystemPackages() {
  if (process.getuid() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const names = readFileSync(`${root}tools/apt-packages.txt`, "utf8")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  say(`Installing system packages: ${missing.join(" ")}`, `正在安装系统软件包：${missing.join(" ")}`);
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "inherit"],
  };
  withoutDaemons(() => {
    const install = () =>
      spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], options);
    if (install().status === 0) return;
    spawnSync("apt-get", ["update", "-qq"], options);
    if (install().status !== 0)
      say(
        "apt-get could not install them all; some tests will be skipped",
        "apt-get 未能全部安装；部分测试会被跳过",
      );
  });
}

function isInstalled(name) {
  const query = spawnSync("dpkg-query", ["-W", "-f=${Status}", name], { encoding: "utf8" });
  return query.status === 0 && query.stdout.includes("install ok installed");
}

/** Debian starts services it installs; tests start their own. */
function withoutDaemons(install) {
  const policy = "/usr/sbin/policy-rc.d";
  const had = existsSync(policy);
  if (!had) {
    mkdirSync("/usr/sbin", { recursive: true });
    writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  }
  try {
    install();
  } finally {
    if (!had) spawnSync("rm", ["-f", policy]);
  }
}

function run(command, args, failure) {
  const path = (process.env.PATH || "").split(":").filter((folder) => !folder.endsWith("/node_modules/.bin"));
  // What npm prints goes to stderr: stdout belongs to the command that follows (`up --json`).
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, PATH: path.join(":") },
  });
  if (result.status === 0) return;
  say(failure.english, failure.translated);
  process.exit(1);
}
