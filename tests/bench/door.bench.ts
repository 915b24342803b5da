/** The door with a signed token on every request, and nginx before the same backend. CPU is that of the proxy alone. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Benchmark, type Figure, percentile } from "./frame.ts";
import { install, startDaemon, until } from "./peers/daemon.ts";

const perSecond = 1_000;
const warmUp = 2_000;
const measured = 10_000;
const connections = 64;
const ticksPerSecond = 100;

interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whose CPU is counted. */
  readonly pids: readonly number[];
}

const cpuSeconds = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }, 0);

const pssMib = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    return sum + Number(pss ?? 0) / 1024;
  }, 0);

/** A request each millisecond, whatever became of those before: milliseconds each took. */
function paced(
  agent: Agent,
  url: string,
  headers: Target["headers"],
  count: number,
): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const times: number[] = [];
    const started = performance.now();
    let sent = 0;
    const send = (): void => {
      const at = performance.now();
      const call = request(url, { agent, headers }, (answer) => {
        if (answer.statusCode !== 200) return reject(new Error(`${url} answered ${answer.statusCode}`));
        answer.resume();
        return answer.once("end", () => {
          times.push(performance.now() - at);
          if (times.length === count) resolve(times);
        });
      });
      call.once("error", reject);
      call.end();
    };
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - started) / 1000) * perSecond));
      while (sent < due) {
        sent += 1;
        send();
      }
      if (sent === count) clearInterval(timer);
    }, 1);
  });
}

async function drive(size: number, backendUrl: string, target: Target): Promise<Figure> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const path = `/mesos/bytes/${size}`;
  try {
    await paced(agent, backendUrl + path, {}, warmUp);
    await paced(agent, target.url + path, target.headers, warmUp);
    const direct = await paced(agent, backendUrl + path, {}, measured / 2);
    const cpu = cpuSeconds(target.pids);
    const started = performance.now();
    const times = await paced(agent, target.url + path, target.headers, measured);
    const wallSeconds = (performance.now() - started) / 1000;
    return {
      size,
      operations: measured,
      cpuMicros: ((cpuSeconds(target.pids) - cpu) * 1e6) / measured,
      wallSeconds,
      rssMib: pssMib(target.pids),
      more: {
        "p50 added ms": percentile(times, 0.5) - percentile(direct, 0.5),
        "p99 added ms": percentile(times, 0.99) - percentile(direct, 0.99),
      },
    };
  } finally {
    agent.destroy();
  }
}

interface Started {
  readonly process: ChildProcess;
  readonly url: string;
  readonly token?: string;
}

const entry = fileURLToPath(new URL("door-process.ts", import.meta.url));

function startPart(...args: readonly string[]): Promise<Started> {
  return new Promise((resolve, reject) => {
    const child = fork(entry, [...args], { execArgv: [...process.execArgv, "--max-semi-space-size=2"] });
    child.once("message", (said) => resolve({ process: child, ...(said as Omit<Started, "process">) }));
    child.once("exit", (code) => reject(new Error(`${args[0]} ended with ${code}`)));
  });
}

async function withBackend(work: (backendUrl: string) => Promise<Figure>): Promise<Figure> {
  const backend = await startPart("backend");
  try {
    return await work(backend.url);
  } finally {
    backend.process.removeAllListeners("exit").kill();
  }
}

const door: Benchmark = {
  name: "door",
  operation: `a GET through the door with a signed token, ${perSecond} a second, by bytes of the answer`,
  target: "at most 3 times nginx' CPU a request; p99 less than 5 ms more",
  sizes: [100, 1_024, 102_400],
  isInProcess: false,
  run: (size) =>
    withBackend(async (backendUrl) => {
      const running = await startPart("door", backendUrl);
      try {
        return await drive(size, backendUrl, {
          url: running.url,
          headers: { authorization: `token=${running.token}` },
          pids: [running.process.pid ?? 0],
        });
      } finally {
        running.process.removeAllListeners("exit").kill();
      }
    }),
};

/** One worker, connections kept to the backend, nothing logged and nothing buffered to disk: what it does best. */
const nginxConfig = (folder: string, port: number, backendUrl: string): string => `
daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; keepalive_requests 1000000; keepalive_timeout 600;
  upstream backend { server ${backendUrl.slice("http://".length)}; keepalive ${connections}; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://backend; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_buffering off; } }
}
`;

const nginx: Benchmark = {
  name: "peer-nginx",
  operation: `a GET through nginx without any check, ${perSecond} a second, by bytes of the answer`,
  target: "none, a peer",
  sizes: [100, 1_024, 102_400],
  isInProcess: false,
  isNamedOnly: true,
  run: (size) =>
    withBackend(async (backendUrl) => {
      install(["nginx-light"], "nginx");
      const folder = mkdtempSync(join(tmpdir(), "keelson-nginx-"));
      const port = await freePort();
      writeFileSync(join(folder, "nginx.conf"), nginxConfig(folder, port, backendUrl));
      const daemon = startDaemon("nginx", ["-c", join(folder, "nginx.conf")], join(folder, "words"));
      try {
        await until("nginx has a worker", () => workersOf(folder).length === 1);
        return await drive(size, backendUrl, {
          url: `http://127.0.0.1:${port}`,
          headers: { authorization: `token=${"x".repeat(500)}` },
          pids: workersOf(folder),
        });
      } finally {
        await daemon.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    }),
};

function workersOf(folder: string): readonly number[] {
  try {
    const pid = readFileSync(join(folder, "pid"), "utf8").trim();
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return children === "" ? [] : children.split(" ").map(Number);
  } catch {
    return [];
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

export const benchmarks: readonly Benchmark[] = [door, nginx];
