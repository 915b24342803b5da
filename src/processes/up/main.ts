/** `keelson up`: a cluster on this machine, in the foreground or, with `--detach`, behind it. */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { languageOf, type MessageKey, type MessageParameters, text } from "#contracts/messages/messages.ts";
import { type ReadyInfo, type Supervisor, supervise } from "../supervisor/supervisor.ts";
import {
  agentUrl,
  type ClusterPlan,
  clusterProcesses,
  clusterUrls,
  consoleUrl,
  doorUrl,
  isPublicAgent,
} from "./cluster.ts";
import {
  identityOf,
  isAlive,
  prepareClusterId,
  prepareDataDir,
  readUpState,
  secret,
  type UpState,
  writeUpState,
} from "./data-dir.ts";
import { loginLink } from "./login-link.ts";
import { BadOption, parseUpOptions, type UpOptions, upFlags } from "./options.ts";
import { choosePorts } from "./ports.ts";
import { runningTasks } from "./running-tasks.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const language = languageOf(process.env);
const readyDeadlineMs = 60_000;

const say = (key: MessageKey, parameters?: MessageParameters): void =>
  console.error(text(language, key, parameters));

function fail(key: MessageKey, parameters: MessageParameters): never {
  say(key, parameters);
  process.exit(1);
}

function readOptions(): UpOptions {
  try {
    return parseUpOptions(process.argv.slice(2), process.env, root);
  } catch (error) {
    if (error instanceof BadOption) fail("up.badOption", { problem: error.message });
    throw error;
  }
}

function printHelp(): void {
  console.log(text(language, "up.usage"));
  for (const { name, value, help } of upFlags) {
    console.log(`  --${`${name} ${value ?? ""}`.padEnd(26)} ${text(language, help)}`);
  }
}

async function plan(options: UpOptions): Promise<{ readonly cluster: ClusterPlan; readonly offset: number }> {
  const { dataDir, agents, port, portOffset, taskPorts } = options;
  const last = readUpState(dataDir);
  if (last !== undefined) await waitForFormer(last, dataDir);
  const chosen = await choosePorts({ agents, port, portOffset, taskPorts, lastOffset: last?.offset ?? 0 });
  if (!("plan" in chosen)) fail("up.portBusy", { port: chosen.port, name: chosen.name, flag: chosen.flag });
  if (chosen.offset !== 0 && portOffset === undefined) say("up.portsMoved", { offset: chosen.offset });
  prepareDataDir(dataDir);
  prepareClusterId(dataDir);
  return {
    cluster: {
      ...options,
      ports: chosen.plan,
      token: secret(dataDir, "token"),
      doorSecret: secret(dataDir, "door"),
      executorKey: secret(dataDir, "executors"),
    },
    offset: chosen.offset,
  };
}

/** A supervisor that was killed takes its processes along within moments; their ports must be free again. */
async function waitForFormer(last: UpState, dataDir: string): Promise<void> {
  if (isAlive(last.supervisor)) fail("up.alreadyRunning", { dataDir, pid: last.supervisor.pid });
  const identities = Object.values(last.pids).flatMap((pid) => identityOf(pid) ?? []);
  const deadline = performance.now() + 10_000;
  const theirs = (pid: number): boolean =>
    Object.values(last.startTicks ?? {}).includes(identityOf(pid)?.startTicks ?? "-");
  while (performance.now() < deadline && identities.some(({ pid }) => theirs(pid))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function up(options: UpOptions): Promise<void> {
  const { cluster, offset } = await plan(options);
  const { dataDir, ports, token } = cluster;
  if (!options.json) say("up.starting", { dataDir });
  const specs = clusterProcesses(cluster);
  const ready = new Map<string, ReadyInfo>();
  let announced = false;

  const remember = (supervisor: Supervisor): UpState => {
    const pids = supervisor.pids();
    const state: UpState = {
      formatVersion: 1,
      supervisor: identityOf(process.pid) ?? { pid: process.pid, startTicks: "" },
      offset,
      door: ports.door,
      token,
      services: clusterUrls(ports),
      agents: ports.agents.map((_port, index) => ({
        id: String(ready.get(`agent-${index}`)?.["agentId"] ?? ""),
        url: agentUrl(ports, index),
        public: isPublicAgent(index),
      })),
      pids,
      startTicks: Object.fromEntries(
        Object.entries(pids).map(([name, pid]) => [name, identityOf(pid)?.startTicks ?? ""]),
      ),
    };
    writeUpState(dataDir, state);
    return state;
  };

  const supervisor = supervise(specs, {
    onReady: (name, info) => {
      ready.set(name, info);
      if (ready.size < specs.length) return;
      const state = remember(supervisor);
      if (announced) return;
      announced = true;
      clearTimeout(deadline);
      void announce(options, state, cluster);
    },
    onFailed: (name, reason) => {
      say("up.processFailed", { name, reason, log: join(dataDir, "logs", `${name}.log`) });
      if (!announced) void stop(1);
    },
    onRestart: (name, cause) => say("up.processRestarted", { name, cause }),
    onLeft: (name) => say("up.processLeft", { name }),
  });
  remember(supervisor);
  const deadline = setTimeout(() => {
    const name = specs.find((spec) => !ready.has(spec.name))?.name ?? "";
    say("up.timeout", { name, seconds: readyDeadlineMs / 1000, log: join(dataDir, "logs", `${name}.log`) });
    void stop(1);
  }, readyDeadlineMs);

  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const tasks = await runningTasks(clusterUrls(ports)["kernel"] ?? "");
    await supervisor.stop();
    if (code === 0) say("up.stopped", { tasks: tasks ?? 0 });
    process.exit(code);
  };
  process.on("SIGINT", () => void stop(0));
  process.on("SIGTERM", () => void stop(0));
  process.on("SIGHUP", () => void stop(0));
}

async function announce(options: UpOptions, state: UpState, cluster: ClusterPlan): Promise<void> {
  if (options.json) {
    const { services, agents, pids, token } = state;
    console.log(JSON.stringify({ url: doorUrl(cluster.ports), token, services, agents, pids }));
    return;
  }
  const { kernel, services } = state.services;
  const link = await loginLink(doorUrl(cluster.ports), cluster.token);
  const line = (key: MessageKey, parameters?: MessageParameters): void =>
    console.log(text(language, key, parameters));
  console.log("");
  line("up.ready", { agents: state.agents.length, dataDir: cluster.dataDir });
  line("up.door", { url: consoleUrl(cluster.ports) + link });
  line("up.services", { url: services ?? "" });
  line("up.kernel", { url: kernel ?? "" });
  if (process.getuid?.() !== 0) line("up.notRoot", { user: userInfo().username });
  console.log("");
  line("up.try");
  for (const command of ["keelson demo", "keelson status", "keelson service list"]) {
    console.log(`  bin/${command}`);
  }
  line("up.stop");
}

/** Of what a start that failed said, the last so many bytes are shown; all of it is in the log. */
const saidMax = 4_096;

/** Starts the same command again in a session of its own, and ends when that one is ready or gives up. */
function detach(options: UpOptions): void {
  prepareDataDir(options.dataDir);
  const logFile = join(options.dataDir, "logs", "up.log");
  const log = openSync(logFile, "a", 0o600);
  const before = fstatSync(log).size;
  const args = process.argv.slice(2).filter((argument) => argument !== "--detach");
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...args], {
    detached: true,
    stdio: ["ignore", "pipe", log],
  });
  closeSync(log);
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    output += part;
    // `--json` ends with one line, the other form with the hint how to stop.
    const ended = options.json ? output.endsWith("}\n") : output.includes(text(language, "up.stop"));
    if (!ended) return;
    process.stdout.write(options.json ? output : output.replace(`${text(language, "up.stop")}\n`, ""));
    if (!options.json) console.log(text(language, "up.detached", { pid: child.pid ?? 0 }));
    process.exit(0);
  });
  child.once("exit", (code) => {
    process.stdout.write(output);
    process.stderr.write(readFileSync(logFile).subarray(before).subarray(-saidMax));
    say("up.detachFailed", { log: logFile });
    process.exit(code ?? 1);
  });
}

const options = readOptions();
if (options.help) printHelp();
else if (options.detach) detach(options);
else void up(options);
