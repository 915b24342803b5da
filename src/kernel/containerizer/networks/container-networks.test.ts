import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseNetworkConfig, readNetworkConfigs } from "./cni-config.ts";
import { callPlugin } from "./cni-plugin.ts";
import { ContainerNetworks } from "./container-networks.ts";
import { defaultNetwork } from "./default-network.ts";

const isRoot = process.getuid?.() === 0;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "keelson-networks-"));
  for (const folder of ["plugins", "configs", "networks"]) mkdirSync(join(root, folder));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const journal = (): readonly string[] =>
  existsSync(join(root, "journal")) ? readFileSync(join(root, "journal"), "utf8").trim().split("\n") : [];

/** Notes what it is asked, and answers with `script`. */
function plugin(name: string, script = ""): void {
  const file = join(root, "plugins", name);
  const note = `echo "$CNI_COMMAND ${name} $CNI_CONTAINERID $CNI_IFNAME" >> ${root}/journal`;
  writeFileSync(file, `#!/bin/sh\ncat > ${root}/${name}.input\n${note}\n${script}\n`);
  chmodSync(file, 0o755);
}
const answers = (address: string): string =>
  `[ "$CNI_COMMAND" = ADD ] && echo '{"cniVersion":"0.4.0","ips":[{"address":"${address}/24"}]}'\nexit 0`;
function network(name: string, ...types: readonly string[]): void {
  const plugins = types.map((type) => ({ type, capabilities: { portMappings: true } }));
  writeFileSync(
    join(root, "configs", `${name}.conflist`),
    JSON.stringify({ cniVersion: "0.4.0", name, plugins }),
  );
}
const warnings: string[] = [];
const create = (): ContainerNetworks =>
  new ContainerNetworks({
    dir: join(root, "networks"),
    configDir: join(root, "configs"),
    pluginsPath: join(root, "plugins"),
    warn: (event, fields) => warnings.push(`${event} ${String(fields["error"])}`),
  });
const request = (name: string, hostPort?: number) => ({
  name,
  portMappings: hostPort === undefined ? [] : [{ hostPort, containerPort: 80, protocol: "tcp" }],
  networkInfo: { name },
});

describe("descriptions of networks", () => {
  it.each([
    ["{}", "name"],
    ['{"name": "../a", "type": "bridge"}', "name"],
    ['{"name": "a"}', "type"],
    ['{"name": "a", "type": "../sh"}', "type"],
    ['{"name": "a", "plugins": []}', "plugins"],
    ['{"name": "a", "plugins": [{}]}', "type"],
    ["[]", "object"],
  ])("%s is refused for its %s", (text, field) => {
    expect(() => parseNetworkConfig(text)).toThrow(field);
  });

  it("files that can't be read are named; of two with one name the first counts", () => {
    network("b", "bridge");
    writeFileSync(join(root, "configs/a.conf"), '{"name": "b", "type": "macvlan"}');
    writeFileSync(join(root, "configs/c.json"), "{");
    writeFileSync(join(root, "configs/notes.txt"), "nothing");
    const { networks, problems } = readNetworkConfigs(join(root, "configs"));
    expect([...networks.values()].map(({ name, plugins }) => [name, plugins[0]?.type])).toEqual([
      ["b", "macvlan"],
    ]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("c.json");
    expect(readNetworkConfigs(join(root, "none")).networks.size).toBe(0);
  });

  it("the default one is decided once", () => {
    const folder = join(root, "default");
    const first = defaultNetwork(folder);
    expect(first.name).toBe("mesos-bridge");
    expect(defaultNetwork(folder)).toEqual(first);
    const other = defaultNetwork(join(root, "other"));
    expect(other.plugins[0]?.["bridge"]).not.toBe(first.plugins[0]?.["bridge"]);
    expect(String(first.plugins[0]?.["bridge"]).length).toBeLessThanOrEqual(15);
  });
});

describe("a plugin", () => {
  const ask = (program: string, timeoutMs?: number) =>
    callPlugin(
      {
        command: "ADD",
        program,
        containerId: "c",
        namespace: "/none",
        interfaceName: "eth0",
        path: "/",
        config: {},
      },
      timeoutMs,
    );

  it("that hangs is killed, with what it started", async () => {
    plugin("hangs", "sleep 600 & sleep 600");
    await expect(ask(join(root, "plugins/hangs"), 500)).rejects.toThrow(
      "plugin hangs, ADD: took longer than 0.5 s",
    );
  });

  it.each([
    [`echo '{"code": 7, "msg": "no network"}'; exit 1`, "plugin p, ADD: no network"],
    ["echo oops >&2; exit 3", "plugin p, ADD: oops"],
    ["exit 4", "plugin p, ADD: ended with 4"],
    ["yes | head -c 2000000", "plugin p, ADD: said more than 1048576 bytes"],
  ])("%s: %s", async (script, message) => {
    plugin("p", script);
    await expect(ask(join(root, "plugins/p"))).rejects.toThrow(message);
  });

  it("that is not there", async () => {
    await expect(ask(join(root, "plugins/nothing"))).rejects.toThrow("plugin nothing, ADD: did not start");
  });
});

describe.runIf(isRoot)("containers in networks", () => {
  beforeEach(() => plugin("loopback"));

  it("join each network by its whole chain, and leave it backwards", async () => {
    plugin("one", answers("10.1.1.5"));
    plugin("two");
    plugin("three", answers("10.1.2.6"));
    network("first", "one", "two");
    network("second", "three");
    const networks = create();
    const joined = await networks.join("c", [request("first", 8080), request("second")]);
    expect(joined.addresses).toEqual([["10.1.1.5"], ["10.1.2.6"]]);
    expect(await networks.join("c", [])).toBe(joined);
    expect(JSON.parse(readFileSync(join(root, "two.input"), "utf8"))).toMatchObject({
      name: "first",
      runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] },
      prevResult: { ips: [{ address: "10.1.1.5/24" }] },
      args: { "org.apache.mesos": { network_info: { name: "first" } } },
    });
    await networks.leave("c");
    expect(journal()).toEqual([
      "ADD loopback c lo",
      "ADD one c eth0",
      "ADD two c eth0",
      "ADD three c eth1",
      "DEL three c eth1",
      "DEL two c eth0",
      "DEL one c eth0",
    ]);
    expect(readdirSync(join(root, "networks"))).toEqual([]);
    await networks.leave("c");
  });

  it("a join that fails takes back what was done", async () => {
    plugin("one", answers("10.1.1.5"));
    plugin("two", `[ "$CNI_COMMAND" = DEL ] || exit 9`);
    network("first", "one", "two");
    await expect(create().join("c", [request("first")])).rejects.toThrow(
      "Container network: network first: plugin two, ADD: ended with 9",
    );
    expect(journal().slice(-2)).toEqual(["DEL two c eth0", "DEL one c eth0"]);
    expect(readdirSync(join(root, "networks"))).toEqual([]);
  });

  it("what a dead agent's plugin was asked is taken back by the next one; who lives keeps its networks", async () => {
    plugin("one", answers("10.1.1.5"));
    network("first", "one");
    const former = create();
    await former.join("lives", [request("first")]);
    await former.join("gone", [request("first")]);
    const cutOff = join(root, "networks/cut-off");
    mkdirSync(cutOff);
    const attached = JSON.parse(readFileSync(join(root, "networks/gone/attached.json"), "utf8")) as {
      networks: { result?: object }[];
    };
    delete attached.networks[0]?.result;
    writeFileSync(join(cutOff, "attached.json"), JSON.stringify({ ...attached, containerId: "cut-off" }));
    const next = create();
    expect(await next.recover(new Set(["lives"]))).toEqual(new Map([["lives", [["10.1.1.5"]]]]));
    expect(
      journal()
        .filter((line) => line.startsWith("DEL"))
        .sort(),
    ).toEqual(["DEL one cut-off eth0", "DEL one gone eth0"]);
    expect(readdirSync(join(root, "networks"))).toEqual(["lives"]);
    // One of its group comes later.
    expect((await next.join("lives", [request("first")])).addresses).toEqual([["10.1.1.5"]]);
    await next.leave("lives");
    expect(readdirSync(join(root, "networks"))).toEqual([]);
  });

  it("what can't be taken back is told, and tried again", async () => {
    plugin("one", `[ "$CNI_COMMAND" = DEL ] && [ -e ${root}/stuck ] && exit 5\n${answers("10.1.1.5")}`);
    network("first", "one");
    const networks = create();
    await networks.join("c", [request("first")]);
    writeFileSync(join(root, "stuck"), "");
    warnings.length = 0;
    await networks.leave("c");
    expect(warnings).toEqual(["network.leaveFailed plugin one, DEL: ended with 5"]);
    rmSync(join(root, "stuck"));
    await create().recover(new Set());
    expect(readdirSync(join(root, "networks"))).toEqual([]);
  });

  it.each([
    ["none", undefined, "there is no network none on this agent; it has first, lonely, mesos-bridge"],
    ["lonely", undefined, "the plugin missing is not in"],
  ])("network %s: refused by name", async (name, port, message) => {
    plugin("one", answers("10.1.1.5"));
    network("first", "one");
    network("lonely", "missing");
    await expect(create().join("c", [request(name, port)])).rejects.toThrow(message);
    expect(readdirSync(join(root, "networks"))).toEqual([]);
  });
});
