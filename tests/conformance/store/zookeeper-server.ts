/** One ZooKeeper server of Debian's package, on a free port of the loopback, with a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../harness/ports.ts";

const java = "/usr/bin/java";
const jar = "/usr/share/java/zookeeper.jar";
const startLimitMs = 150_000;
const answerLimitMs = 500;

export interface ZooKeeperServer {
  readonly address: string;
  /** Ends the server as a crash would; its data stays. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops and continues the process, as a pause of the machine would. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  remove(): Promise<void>;
}

/** Why there is no server on this machine, or undefined when there is one. */
export function zooKeeperMissing(): string | undefined {
  const missing = [java, jar].filter((path) => !existsSync(path));
  return missing.length === 0 ? undefined : `${missing.join(" and ")} missing; install the package zookeeper`;
}

export async function startZooKeeper(): Promise<ZooKeeperServer> {
  const folder = await mkdtemp(join(tmpdir(), "keelson-zookeeper-"));
  await mkdir(join(folder, "data"));
  const port = await freePort();
  const config = join(folder, "zoo.cfg");
  await writeFile(
    config,
    [
      `dataDir=${join(folder, "data")}`,
      `clientPort=${port}`,
      "clientPortAddress=127.0.0.1",
      "tickTime=200",
      "minSessionTimeout=400",
      "maxSessionTimeout=300000",
      "admin.enableServer=false",
      "4lw.commands.whitelist=*",
      "",
    ].join("\n"),
  );
  let child: ChildProcess | undefined;
  const server: ZooKeeperServer = {
    address: `127.0.0.1:${port}`,
    start: async () => {
      child = spawn(
        java,
        [
          "-Xmx256m",
          "-XX:+UseSerialGC",
          "-cp",
          `/etc/zookeeper/conf:${jar}`,
          "org.apache.zookeeper.server.quorum.QuorumPeerMain",
          config,
        ],
        { stdio: "ignore", cwd: folder },
      );
      await answers(port);
    },
    kill: async () => {
      const ended = child;
      child = undefined;
      if (ended === undefined) return;
      const exit = new Promise((resolve) => ended.once("exit", resolve));
      ended.kill("SIGCONT");
      ended.kill("SIGKILL");
      await exit;
    },
    signal: (signal) => {
      child?.kill(signal);
    },
    remove: async () => {
      await server.kill();
      await rm(folder, { recursive: true });
    },
  };
  await server.start();
  return server;
}

/** Until it serves: while it reads its log it says that it is well, but takes no sessions. */
async function answers(port: number): Promise<void> {
  const limit = Date.now() + startLimitMs;
  while (Date.now() < limit) {
    if ((await ask(port)).includes("Mode:")) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`ZooKeeper did not answer on port ${port} within ${startLimitMs} ms`);
}

function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write("srvr"));
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    // A server that is just starting may accept and never answer.
    socket.setTimeout(answerLimitMs, () => socket.destroy());
    socket.on("error", () => resolve(""));
    socket.on("close", () => resolve(answer));
  });
}
