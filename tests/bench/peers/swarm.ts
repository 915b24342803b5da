/** Docker Swarm of Debian in a network namespace of its own: one node, an image of busybox, host network. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, install, startDaemon, until } from "./daemon.ts";

const namespace = "keelson-peer";
const address = "10.99.0.1";
const image = "busybox:local";

export interface Swarm {
  docker(...args: string[]): string;
  /** Ids of the containers of a service that run now. */
  running(service: string): readonly string[];
  /** Creates a service without delays or grace anywhere, and waits for all of its containers. */
  create(service: string, replicas: number, ...options: string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startSwarm(): Promise<Swarm> {
  install(["docker.io", "iptables", "busybox-static"], "dockerd");
  const directory = mkdtempSync(join(tmpdir(), "keelson-swarm-"));
  const env = { ...process.env, DOCKER_HOST: `unix://${directory}/docker.sock` };
  const docker = (...args: string[]): string => ask("docker", args, env);
  const ip = (...args: string[]): string => ask("ip", args);
  ip("netns", "add", namespace);
  ip("-n", namespace, "link", "set", "lo", "up");
  ip("-n", namespace, "link", "add", "keelson0", "type", "bridge");
  ip("-n", namespace, "addr", "add", `${address}/24`, "dev", "keelson0");
  ip("-n", namespace, "link", "set", "keelson0", "up");
  const daemon = startDaemon(
    "nsenter",
    [
      `--net=/run/netns/${namespace}`,
      "dockerd",
      "-H",
      env.DOCKER_HOST,
      "--data-root",
      join(directory, "data"),
      "--exec-root",
      join(directory, "run"),
      "--pidfile",
      join(directory, "dockerd.pid"),
    ],
    join(directory, "dockerd.log"),
  );
  const answers = (): boolean => {
    try {
      docker("version");
      return true;
    } catch {
      return false;
    }
  };
  await until("dockerd answers", answers);
  const root = join(directory, "root");
  mkdirSync(join(root, "bin"), { recursive: true });
  cpSync("/bin/busybox", join(root, "bin/busybox"));
  for (const applet of ["sh", "sleep"]) symlinkSync("busybox", join(root, "bin", applet));
  ask("tar", ["-C", root, "-cf", join(directory, "root.tar"), "."]);
  docker("import", join(directory, "root.tar"), image);
  docker("swarm", "init", "--advertise-addr", address);

  const running = (service: string): readonly string[] =>
    docker("ps", "-q", "--no-trunc", "--filter", `label=com.docker.swarm.service.name=${service}`)
      .split("\n")
      .filter((id) => id !== "");
  return {
    docker,
    running,
    create: async (service, replicas, ...options) => {
      const free = ["--network", "host", "--restart-delay", "0s", "--stop-grace-period", "0s"];
      const size = ["--replicas", String(replicas)];
      docker(
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--name",
        service,
        ...free,
        ...size,
        ...options,
        image,
        "sleep",
        "98765",
      );
      await until(`${replicas} of ${service} run`, () => running(service).length >= replicas, 300_000);
    },
    stop: async () => {
      docker("swarm", "leave", "--force");
      await until("swarm's containers ended", () => docker("ps", "-q") === "", 300_000);
      await daemon.stop();
      ip("netns", "delete", namespace);
      for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n").reverse()) {
        const [, where = ""] = line.split(" ");
        if (where.startsWith(`${directory}/`)) ask("umount", [where]);
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
