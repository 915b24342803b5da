/** Rows 63 to 65 of the Marathon checklist: apps in networks of containers, on a real cluster in a network of its own. */
import { beforeAll, describe, expect, it } from "vitest";
import { inOwnNetwork } from "../../harness/own-network.ts";

const isRoot = process.getuid?.() === 0;

interface InNetwork {
  readonly ports: readonly number[];
  readonly ipAddresses: readonly { readonly ipAddress: string; readonly protocol: string }[];
  readonly env: Readonly<Record<string, string>>;
  readonly discovery: unknown;
  readonly definition: {
    readonly networks: unknown;
    readonly declared?: unknown;
    readonly mappings: readonly object[];
  };
}
interface Stuck {
  readonly state: string;
  readonly message: string;
  readonly why: { readonly code: string; readonly message: string; readonly remedy?: string };
}
/** What a container reads about itself. */
interface Told {
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvers: string;
  readonly name: string;
}
interface Facts {
  readonly docker: { readonly address: string; readonly page: string; readonly told: Told };
  readonly pod: {
    readonly networks: readonly { readonly name: string; readonly addresses: readonly string[] }[];
    readonly ports: readonly number[];
    readonly env: Readonly<Record<string, string>>;
    readonly web: Told;
    readonly side: Told;
    readonly heard: string;
  };
  readonly job: { readonly successCount: number; readonly hosts: string };
  readonly bridged: InNetwork;
  readonly named: InNetwork;
  readonly plain: Pick<InNetwork, "ports" | "discovery">;
  readonly unknown: Stuck;
  readonly missing: Stuck;
  readonly left: readonly string[];
}

const vip = (value: string) => ({ key: "VIP_0", value });
const scope = (value: string) => ({ key: "network-scope", value });

/** A name and an address of the container's own, and name servers that it reaches. */
function expectOwn({ hosts, hostname, resolvers, name }: Told, address: string): void {
  expect(name).toMatch(/^[0-9a-f-]{36}\n$/);
  expect(hostname).toBe(name);
  expect(hosts.split("\n")).toEqual([
    "127.0.0.1 localhost",
    "::1 localhost ip6-localhost ip6-loopback",
    `${address} ${name.trim()}`,
    "",
  ]);
  expect(resolvers).toBe("search shop.example\nnameserver 10.98.0.53\n");
}

describe.runIf(isRoot)("apps in networks of containers", () => {
  let facts: Facts;
  beforeAll(async () => {
    facts = await inOwnNetwork<Facts>(new URL("./networks-scenario.ts", import.meta.url));
  }, 300_000);

  it("marathon.md§24#63 bridge networking: the container's port is reached through its host port", () => {
    const { ports, ipAddresses, env, definition } = facts.bridged;
    const [port] = ports;
    expect(ports).toHaveLength(1);
    // What the port answered: the task's own environment. It listens on 80 in a network of its own.
    expect(env["MARATHON_APP_ID"]).toBe("/bridged");
    expect(env).toMatchObject({
      PORT: `${port}`,
      PORT0: `${port}`,
      PORT_80: `${port}`,
      PORT_HTTP: `${port}`,
    });
    expect(ipAddresses).toEqual([
      { ipAddress: expect.stringMatching(/^172\.31\.\d+\.2$/) as string, protocol: "IPv4" },
    ]);
    expect(definition).toEqual({
      networks: [{ mode: "container/bridge" }],
      mappings: [
        {
          containerPort: 80,
          hostPort: 0,
          servicePort: 10_080,
          protocol: "tcp",
          name: "http",
          labels: { VIP_0: "/bridged:80" },
        },
      ],
    });
  });

  it("marathon.md§24#64 a container network and a mapping without hostPort: PORT is the containerPort, ipAddresses are filled", () => {
    const { ports, ipAddresses, env, definition } = facts.named;
    expect(ports).toEqual([]);
    expect(ipAddresses).toEqual([{ ipAddress: "10.98.1.2", protocol: "IPv4" }]);
    expect(env).toMatchObject({
      PORT: "8080",
      PORT0: "8080",
      PORTS: "8080",
      PORT_8080: "8080",
      PORT_HTTP: "8080",
    });
    expect(definition.networks).toEqual([{ mode: "container", name: "blue" }]);
    expect(definition.mappings[0]).not.toHaveProperty("hostPort");
  });

  it("marathon.md§24#65 VIP labels are in the discovery info of the task, in every network", () => {
    const { bridged, named, plain } = facts;
    const port = { name: "http", protocol: "tcp" };
    expect(bridged.discovery).toEqual([
      { ...port, number: bridged.ports[0], labels: { labels: [vip("/bridged:80"), scope("host")] } },
    ]);
    expect(named.discovery).toEqual([
      {
        ...port,
        number: 8080,
        labels: {
          labels: [vip("/named:80"), scope("container"), { key: "network-name", value: "blue" }],
        },
      },
    ]);
    expect(plain.discovery).toEqual([
      { ...port, number: plain.ports[0], labels: { labels: [vip("/plain:80")] } },
    ]);
  });

  it("an image with Docker's rules is on the bridge: its port is mapped, and its own files about names do not count", () => {
    const { address, page, told } = facts.docker;
    expect(page).toBe("hello from an image\n");
    expectOwn(told, address);
  });

  it("containers of a pod share one network: localhost, endpoints, the name and its address", () => {
    const { networks, ports, env, web, side, heard } = facts.pod;
    expect(networks).toEqual([
      { name: "mesos-bridge", addresses: [expect.stringMatching(/^172\.31\./) as string] },
    ]);
    expect(env).toMatchObject({
      ENDPOINT_HTTP: "80",
      EP_CONTAINER_HTTP: "80",
      EP_HOST_HTTP: `${ports[0]}`,
      EP_CONTAINER_ADMIN: "81",
      EP_HOST_ADMIN: `${ports[1]}`,
    });
    expectOwn(web, networks[0]?.addresses[0] ?? "");
    expect(side).toEqual(web);
    expect(heard).toBe(web.name);
  });

  it("a job with an image is in the network that it names", () => {
    expect(facts.job.successCount).toBe(1);
    expect(facts.job.hosts).toMatch(/^10\.98\.1\.\d+ [0-9a-f-]{36}$/m);
  });

  it("a network that no agent has is named by the app's last failure, and is the reason why", () => {
    const { state, message, why } = facts.unknown;
    expect(state).toBe("TASK_FAILED");
    expect(message).toBe(
      "Container network: there is no network green on this agent; it has blue, mesos-bridge",
    );
    expect(why.code).toBe("networkUnknown");
    expect(why.message).toMatch(/ has no network green; it has blue, mesos-bridge$/);
    expect(why.remedy).toContain("network_cni_config_dir");
  });

  it("an image that its registry does not have is the reason why", () => {
    const { message, why } = facts.missing;
    expect(message).toMatch(/^Failed to pull image 127\.0\.0\.1:\d+\/shop\/none:7: /);
    expect(why.code).toBe("imageMissing");
    expect(why.message).toMatch(/^the registry has no image 127\.0\.0\.1:\d+\/shop\/none:7: .*unknown/);
    expect(why.remedy).toBeDefined();
  });

  it("down --purge leaves no interface behind", () => {
    expect(facts.left).toEqual([]);
  });
});
