import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CsiVolume } from "#domain/launches/csi-volumes.ts";
import { readCsiPlugins } from "./csi-config.ts";
import { PluginVolumes } from "./plugin-volumes.ts";
import { type FakeCsi, failing, startFakeCsi } from "./testing-csi.ts";

let dir: string;
let config: string;
let plugin: FakeCsi;
const opened: PluginVolumes[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "keelson-csi-"));
  config = join(dir, "config");
  mkdirSync(config);
  describePlugin("fake.json", { type: "fake.csi" });
  plugin = await startFakeCsi(join(dir, "fake.sock"));
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  await plugin.close();
  rmSync(dir, { recursive: true, force: true });
});

const describePlugin = (file: string, info: object): void =>
  writeFileSync(
    join(config, file),
    JSON.stringify({
      endpoints: [{ csi_service: "NODE_SERVICE", endpoint: `unix://${dir}/fake.sock` }],
      target_path_root: join(dir, "volumes"),
      ...info,
    }),
  );

/** An agent's; the next one on the same folder is the agent after a restart. */
function anAgents(retryMs = 60_000): PluginVolumes {
  const volumes = new PluginVolumes({
    dir: join(dir, "kept"),
    csiConfigDir: config,
    retryMs,
    warn: () => undefined,
  });
  opened.push(volumes);
  return volumes;
}
const data: CsiVolume = {
  kind: "csi",
  driver: "fake.csi",
  name: "vol-1",
  accessMode: "MULTI_NODE_SINGLE_WRITER",
  fsType: "ext4",
  mountFlags: ["noatime"],
  stageSecrets: { key: "at first" },
  publishSecrets: { key: "then" },
  context: { share: "/export" },
  containerPath: "data",
  isReadOnly: false,
};
const readers = { ...data, isReadOnly: true };
const kept = (): readonly string[] => readdirSync(join(dir, "kept"));
const places = (): readonly string[] =>
  existsSync(join(dir, "volumes")) ? readdirSync(join(dir, "volumes")) : [];

describe("volumes of CSI plugins", () => {
  it("are staged and published for the first container, and given back after the last", async () => {
    const volumes = anAgents();
    const [first] = await volumes.mount("c1", [data]);
    const [second] = await volumes.mount("c2", [data]);
    expect(second?.directory).toBe(first?.directory);
    const capability = {
      mount: { fs_type: "ext4", mount_flags: ["noatime"] },
      access_mode: { mode: "MULTI_NODE_SINGLE_WRITER" },
    };
    const common = { volume_id: "vol-1", volume_capability: capability, volume_context: data.context };
    const staging = plugin.last.get("Stage")?.staging_target_path;
    expect(plugin.last.get("Stage")).toEqual({
      ...common,
      staging_target_path: staging,
      secrets: { key: "at first" },
    });
    expect(plugin.last.get("Publish")).toEqual({
      ...common,
      staging_target_path: staging,
      target_path: first?.directory,
      readonly: false,
      secrets: { key: "then" },
    });
    // Whether it may have it too is the plugin's to say.
    expect(plugin.asked.splice(0)).toEqual(["Stage vol-1", "Publish vol-1", "Stage vol-1", "Publish vol-1"]);
    await volumes.leave("c1");
    expect(plugin.asked).toEqual([]);
    await volumes.leave("c2");
    expect(plugin.asked).toEqual(["Unpublish vol-1", "Unstage vol-1"]);
    expect([kept(), places()]).toEqual([[], []]);
  });

  it("are had by no container that the plugin refuses, which leaves them to those that have them", async () => {
    plugin.before = (method) => {
      if (method === "Stage" && plugin.last.get("Stage")?.secrets?.["key"] !== "at first")
        throw failing("UNAUTHENTICATED", "the key is wrong");
    };
    const volumes = anAgents();
    await volumes.mount("c1", [data]);
    await expect(volumes.mount("c2", [{ ...data, stageSecrets: { key: "guessed" } }])).rejects.toThrow(
      "plugin fake.csi, NodeStageVolume: the key is wrong (UNAUTHENTICATED)",
    );
    await volumes.leave("c2");
    expect(plugin.asked).toEqual(["Stage vol-1", "Publish vol-1", "Stage vol-1"]);
    expect(kept()).toHaveLength(1);
  });

  it("are published apart for readers, from the same staging, which the last one ends", async () => {
    const volumes = anAgents();
    const [writer] = await volumes.mount("c1", [data]);
    const [reader] = await volumes.mount("c2", [readers]);
    expect(reader?.directory).not.toBe(writer?.directory);
    expect(plugin.asked).toEqual([
      "Stage vol-1",
      "Publish vol-1",
      "Stage vol-1",
      "Publish vol-1 for readers",
    ]);
    await volumes.leave("c1");
    expect(plugin.asked.slice(4)).toEqual(["Unpublish vol-1"]);
    await volumes.leave("c2");
    expect(plugin.asked.slice(5)).toEqual(["Unpublish vol-1", "Unstage vol-1"]);
    expect([kept(), places()]).toEqual([[], []]);
  });

  it("are not staged where the plugin does not, and find their folder where it wants one", async () => {
    plugin.stages = false;
    describePlugin("fake.json", { type: "fake.csi", target_path_exists: true });
    let wasThere = false;
    plugin.before = (method) => {
      if (method === "Publish") wasThere = existsSync(plugin.last.get("Publish")?.target_path ?? "");
    };
    const volumes = anAgents();
    await volumes.mount("c1", [data]);
    await volumes.leave("c1");
    expect(wasThere).toBe(true);
    expect(plugin.asked).toEqual(["Publish vol-1", "Unpublish vol-1"]);
    expect(plugin.last.get("Publish")).not.toHaveProperty("staging_target_path");
  });

  it("stay those of containers that live when the agent starts again, and need no description to be given back", async () => {
    await anAgents().mount("c1", [data]);
    rmSync(join(config, "fake.json"));
    const volumes = anAgents();
    await volumes.recover(new Set(["c1"]));
    expect(plugin.asked).toHaveLength(2);
    await volumes.recover(new Set());
    await expect.poll(kept).toEqual([]);
    expect(plugin.asked.slice(2)).toEqual(["Unpublish vol-1", "Unstage vol-1"]);
  });

  it("that could not be published are given back, and the plugin's own words are told", async () => {
    plugin.before = (method) => {
      if (method === "Publish") throw failing("INTERNAL", "the array is on fire");
      if (method === "Unpublish") mkdirSync(plugin.last.get("Unpublish")?.target_path ?? "");
    };
    await expect(anAgents().mount("c1", [data])).rejects.toThrow(
      "External volume vol-1: plugin fake.csi, NodePublishVolume: the array is on fire (INTERNAL)",
    );
    expect(plugin.asked).toEqual(["Stage vol-1", "Publish vol-1", "Unpublish vol-1", "Unstage vol-1"]);
    expect([kept(), places()]).toEqual([[], []]);
  });

  it("whose plugin is away are given back once it is there again", async () => {
    const volumes = anAgents(10);
    await volumes.mount("c1", [data]);
    await plugin.close();
    await volumes.leave("c1");
    expect(kept()).toHaveLength(1);
    plugin = await startFakeCsi(join(dir, "fake.sock"));
    await expect.poll(kept).toEqual([]);
    expect(plugin.asked).toEqual(["Unpublish vol-1", "Unstage vol-1"]);
  });

  it("tell that the plugin is not ready, is away, or is described nowhere", async () => {
    const volumes = anAgents();
    plugin.isReady = false;
    await expect(volumes.mount("c1", [data])).rejects.toThrow("plugin fake.csi is not ready yet");
    await plugin.close();
    await expect(volumes.mount("c1", [data])).rejects.toThrow(
      /External volume vol-1: plugin fake\.csi did not answer Probe: .*ENOENT.*\(UNAVAILABLE\)/,
    );
    await expect(volumes.mount("c1", [{ ...data, driver: "other.csi" }])).rejects.toThrow(
      `there is no volume plugin other.csi on this agent: no file describes it in ${config}`,
    );
    expect(existsSync(join(dir, "kept"))).toBe(false);
  });

  it("of who speaks no gRPC, or too much of it, are told of", async () => {
    await plugin.close();
    const server = createServer();
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      const head = Buffer.from([0, 0, 0x20, 0, 0]);
      stream.end(Buffer.concat([head, Buffer.alloc(0x20_00_00)]));
    });
    await new Promise<void>((resolve) => server.listen(join(dir, "fake.sock"), resolve));
    await expect(anAgents().mount("c1", [data])).rejects.toThrow(
      /plugin fake\.csi, Probe: .*(RESOURCE_EXHAUSTED)/,
    );
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("descriptions of CSI plugins", () => {
  it("are read from every file", async () => {
    describePlugin("other.json", {
      type: "other.csi",
      endpoints: [
        { csi_service: "CONTROLLER_SERVICE", endpoint: "unix:///c.sock" },
        { csi_service: "NODE_SERVICE", endpoint: "/var/lib/n.sock" },
      ],
    });
    mkdirSync(join(config, "folder"));
    const found = await readCsiPlugins(config);
    expect([...found.keys()]).toEqual(["fake.csi", "other.csi"]);
    expect(found.get("other.csi")).toEqual({
      type: "other.csi",
      socket: "/var/lib/n.sock",
      targetRoot: join(dir, "volumes"),
      needsTarget: false,
    });
  });

  it.each<[string, object | string, string]>([
    ["no JSON", "{", "bad.json: "],
    ["no type", { type: undefined }, "bad.json: type: "],
    [
      "a plugin that is to be run",
      { type: "b", containers: [{}] },
      "bad.json: containers: this agent starts no",
    ],
    ["no node service", { type: "b", endpoints: [] }, "bad.json: endpoints: none is of the NODE_SERVICE"],
    [
      "an address in the network",
      { type: "b", endpoints: [{ csi_service: "NODE_SERVICE", endpoint: "tcp://a:1" }] },
      'bad.json: endpoints: "tcp://a:1" is not unix://',
    ],
    [
      "a relative root",
      { type: "b", target_path_root: "a" },
      'bad.json: target_path_root: "a" is not an absolute',
    ],
    ["a type twice", { type: "fake.csi" }, "type: fake.csi is described in"],
  ])("with %s are refused", async (_name, info, problem) => {
    if (typeof info === "string") writeFileSync(join(config, "bad.json"), info);
    else describePlugin("bad.json", info);
    await expect(readCsiPlugins(config)).rejects.toThrow(problem);
  });
});
