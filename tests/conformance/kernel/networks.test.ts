/** Row 108 of the Mesos checklist: containers in networks that plugins make, on real processes in a network of their own. */
import { beforeAll, describe, expect, it } from "vitest";
import type { NetworkInfo } from "#contracts/kernel/messages.gen.ts";
import { inOwnNetwork } from "../../harness/own-network.ts";

const isRoot = process.getuid?.() === 0;

interface Refusal {
  readonly state: string;
  readonly reason: string;
  readonly message: string;
}
interface Left {
  readonly folders: readonly string[];
  readonly ends: string;
  readonly rules: string;
  readonly addresses: readonly string[];
}
interface Facts {
  readonly server: {
    readonly infos: readonly NetworkInfo[];
    readonly shown: { readonly network_infos: readonly NetworkInfo[] };
    readonly direct: string;
    readonly mapped: string;
    readonly whileAway: string;
    readonly afterwards: string;
    readonly left: Left;
  };
  readonly loopback: {
    readonly healthy: Readonly<Record<string, boolean>>;
    readonly addresses: readonly string[];
  };
  readonly refused: {
    readonly unknown: Refusal;
    readonly noPorts: Refusal;
    readonly broken: Refusal;
    readonly left: Left;
  };
  readonly group: {
    readonly serves: readonly NetworkInfo[];
    readonly asks: readonly NetworkInfo[];
    readonly output: readonly string[];
    readonly left: Left;
  };
}

const nothing: Left = { folders: [], ends: "0", rules: "0", addresses: [] };
const failed = (message: string): Refusal => ({
  state: "TASK_FAILED",
  reason: "REASON_CONTAINER_LAUNCH_FAILED",
  message,
});

describe.runIf(isRoot)("mesos.md§8#108 cni: a named network, its IP in container_status", () => {
  let facts: Facts;
  beforeAll(async () => {
    facts = await inOwnNetwork<Facts>(new URL("./networks-scenario.ts", import.meta.url));
  }, 300_000);

  it("the status tells the network and the address in it, in updates and in /state", () => {
    const info = {
      name: "blue",
      labels: { labels: [{ key: "team", value: "a" }] },
      port_mappings: [{ host_port: 31_005, container_port: 8080, protocol: "tcp" }],
      ip_addresses: [{ protocol: "IPv4", ip_address: "10.99.1.2" }],
    };
    expect(facts.server.infos).toEqual([info]);
    expect(facts.server.shown.network_infos).toEqual([info]);
  });

  it("the task answers at that address, and where its port is mapped to, also while the agent is away", () => {
    const { direct, mapped, whileAway, afterwards } = facts.server;
    expect(direct).toMatch(/^200 \/.*\/runs\//);
    expect([mapped, whileAway, afterwards]).toEqual([direct, direct, direct]);
  });

  it("nothing is left when it has ended: interfaces, rules, addresses, folders", () => {
    expect([facts.server.left, facts.refused.left, facts.group.left]).toEqual([nothing, nothing, nothing]);
  });

  it("checks of every kind reach what listens on the task's own loopback only", () => {
    expect(facts.loopback.healthy).toEqual({ http: true, tcp: true, command: true });
    expect(new Set(facts.loopback.addresses).size).toBe(3);
  });

  it("the tasks of a group are in their executor's network, and hear each other on loopback", () => {
    const { serves, asks, output } = facts.group;
    expect(asks).toEqual(serves);
    const address = serves[0]?.ip_addresses?.[0]?.ip_address;
    expect(serves[0]?.name).toBe("blue");
    expect(address).toMatch(/^10\.99\.1\.\d+$/);
    expect(output[0]).toMatch(/\/executors\/pod\/runs\/.*\/containers\//);
    expect(output.at(-1)).toBe(address);
  });

  it("a network that can't be joined fails the task with what stood in the way", () => {
    expect(facts.refused.unknown).toEqual(
      failed(
        "Container network: there is no network green on this agent; it has blue, red, broken, mesos-bridge",
      ),
    );
    expect(facts.refused.noPorts).toEqual(
      failed("Container network: network red has no plugin that maps ports (capability portMappings)"),
    );
    expect(facts.refused.broken).toEqual(
      failed("Container network: network broken: plugin refuses, ADD: no room here; try another"),
    );
  });
});
