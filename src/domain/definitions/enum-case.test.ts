import { expect, it } from "vitest";
import { parseApp, parsePod } from "./index.ts";

const options = { defaultRole: "slave_public" };

it("words of a fixed set are read in any case of letters", () => {
  const app = parseApp(
    {
      id: "/a",
      cmd: "x",
      killSelection: "oldest_first",
      networks: [{ mode: "HOST" }],
      portDefinitions: [{ port: 0, protocol: "TCP,udp" }],
      healthChecks: [{ protocol: "http", ipProtocol: "ipv4" }],
      container: {
        type: "mesos",
        volumes: [{ containerPath: "v", mode: "rw", persistent: { type: "ROOT", size: 1 } }],
      },
    },
    options,
  );
  expect(app).toMatchObject({
    killSelection: "OLDEST_FIRST",
    portDefinitions: [{ protocol: "udp,tcp" }],
    healthChecks: [{ protocol: "HTTP", ipProtocol: "IPv4" }],
    container: { volumes: [{ mode: "RW", persistent: { type: "root" } }] },
  });
  const pod = parsePod(
    {
      id: "/p",
      containers: [
        {
          name: "c",
          resources: { cpus: 1, mem: 32 },
          exec: { command: { shell: "true" } },
          endpoints: [{ name: "e", protocol: ["UDP"] }],
        },
      ],
      scheduling: { placement: { constraints: [{ fieldName: "hostname", operator: "unique" }] } },
    },
    options,
  );
  expect(pod).toMatchObject({
    constraints: [["hostname", "UNIQUE"]],
    pod: { containers: [{ endpoints: [{ protocol: ["udp"] }] }] },
  });
});

it("a word that is none of them is refused as it was written", () => {
  expect(() => parseApp({ id: "/a", cmd: "x", killSelection: "Nobody" }, options)).toThrow("Invalid JSON");
});

it("texts that are free keep their letters", () => {
  const env = { MODE: "host", mode: "Http" };
  expect(parseApp({ id: "/a", cmd: "HTTP", env, labels: env }, options)).toMatchObject({
    cmd: "HTTP",
    env,
    labels: env,
  });
});
