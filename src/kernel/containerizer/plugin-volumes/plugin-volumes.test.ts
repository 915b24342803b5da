import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DockerVolume } from "#domain/launches/docker-volumes.ts";
import { findPlugin } from "./plugin-address.ts";
import { PluginVolumes } from "./plugin-volumes.ts";
import { type FakePlugin, startFakePlugin } from "./testing.ts";

let dir: string;
let plugin: FakePlugin;
const opened: PluginVolumes[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "keelson-volumes-"));
  plugin = await startFakePlugin(dir, "fake");
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  await plugin.close();
  rmSync(dir, { recursive: true, force: true });
});

/** An agent's; the next one on the same folder is the agent after a restart. */
function anAgents(retryMs = 60_000): PluginVolumes {
  const volumes = new PluginVolumes({
    dir: join(dir, "kept"),
    pluginDirs: dir,
    retryMs,
    warn: () => undefined,
  });
  opened.push(volumes);
  return volumes;
}
const data: DockerVolume = {
  kind: "docker",
  driver: "fake",
  name: "data",
  options: { size: "2" },
  containerPath: "data",
  isReadOnly: false,
};
const kept = (): readonly string[] => readdirSync(join(dir, "kept"));

describe("volumes of plugins", () => {
  it("are made once, mounted for the first container that has one and unmounted after the last", async () => {
    const volumes = anAgents();
    const [first] = await volumes.mount("c1", [data]);
    const [second] = await volumes.mount("c2", [{ ...data, isReadOnly: true }]);
    expect(first).toMatchObject({ directory: join(dir, "data"), containerPath: "data", isReadOnly: false });
    expect(second).toMatchObject({ directory: join(dir, "data"), isReadOnly: true });
    expect(plugin.made.get("data")).toEqual({ size: "2" });
    await volumes.leave("c1");
    expect(plugin.asked).toEqual(["Create data", "Mount data"]);
    await volumes.leave("c2");
    expect(plugin.asked).toEqual(["Create data", "Mount data", "Unmount data"]);
    expect(plugin.mounts.get("data")?.size).toBe(0);
    expect(kept()).toEqual([]);
    await volumes.mount("c3", [data]);
    expect(plugin.asked.slice(3)).toEqual(["Mount data"]);
  });

  it("stay those of containers that live when the agent starts again; others are unmounted", async () => {
    const former = anAgents();
    await former.mount("c1", [data, { ...data, name: "more" }]);
    await former.mount("c2", [data]);
    await former.close();
    const volumes = anAgents();
    const unmounted = (): string[] => plugin.asked.filter((each) => each.startsWith("Unmount"));
    await volumes.recover(new Set(["c2"]));
    await expect.poll(unmounted).toEqual(["Unmount more"]);
    await volumes.mount("c3", [data]);
    await volumes.leave("c2");
    expect(plugin.mounts.get("data")?.size).toBe(1);
    await volumes.leave("c3");
    expect(plugin.mounts.get("data")?.size).toBe(0);
    expect(plugin.asked.filter((each) => each === "Mount data")).toHaveLength(1);
  });

  it("whose record a disk lost keep no agent from starting", async () => {
    const former = anAgents();
    await former.mount("c1", [data]);
    await former.close();
    writeFileSync(join(dir, "kept", kept()[0] ?? ""), "{");
    const volumes = anAgents();
    await volumes.recover(new Set(["c1"]));
    await volumes.mount("c2", [data]);
    await volumes.leave("c2");
    expect(kept()).toEqual([]);
  });

  it("are unmounted by the next life of an agent that died before the plugin answered", async () => {
    const answered = Promise.withResolvers<void>();
    plugin.before = (method) => (method === "Mount" ? answered.promise : undefined);
    const former = anAgents();
    const mounting = former.mount("c1", [data]);
    await expect.poll(() => plugin.asked).toContain("Mount data");
    // What the plugin did is on no disk but its own.
    plugin.mounts.set("data", new Set([...(plugin.mounts.get("data") ?? []), mountIdKept()]));
    await anAgents().recover(new Set());
    await expect.poll(kept).toEqual([]);
    expect(plugin.mounts.get("data")?.size).toBe(0);
    answered.resolve();
    await mounting;
  });

  it("tell what the plugin itself said, and leave nothing behind", async () => {
    plugin.before = (method) => {
      if (method === "Mount") throw new Error("the disk is in another machine");
    };
    const volumes = anAgents();
    await expect(volumes.mount("c1", [data])).rejects.toThrow(
      "External volume data: plugin fake, VolumeDriver.Mount: the disk is in another machine",
    );
    expect(kept()).toEqual([]);
  });

  it("of a container are all given back when one can't be had", async () => {
    const volumes = anAgents();
    const other = { ...data, driver: "absent", name: "other" };
    await expect(volumes.mount("c1", [data, other])).rejects.toThrow(
      `External volume other: there is no volume plugin absent on this agent: no absent.sock, absent.spec or absent.json in ${dir}`,
    );
    expect(plugin.asked).toEqual(["Create data", "Mount data", "Unmount data"]);
  });

  it("that can't be unmounted are tried again, and are no hindrance to the next container", async () => {
    let busy = 2;
    plugin.before = (method) => {
      if (method === "Unmount" && busy-- > 0) throw new Error("busy");
    };
    const volumes = anAgents(10);
    await volumes.mount("c1", [data]);
    await volumes.leave("c1");
    expect(kept()).toHaveLength(1);
    await expect.poll(kept).toEqual([]);
    expect(plugin.mounts.get("data")?.size).toBe(0);
    busy = 1;
    await volumes.mount("c2", [data]);
    await volumes.leave("c2");
    await volumes.mount("c3", [data]);
    expect(plugin.mounts.get("data")?.size).toBe(1);
  });

  it("are given up where the plugin keeps saying that it can't", async () => {
    const volumes = anAgents(1);
    await volumes.mount("c1", [data]);
    plugin.mounts.clear(); // it was started anew, and knows of none
    await volumes.leave("c1");
    await expect.poll(kept).toEqual([]);
    expect(plugin.asked.filter((each) => each === "Unmount data")).toHaveLength(5);
  });

  it("are mounted once for containers that come at the same time, and a leaving one waits for its own", async () => {
    const volumes = anAgents();
    const mounting = ["c1", "c2", "c3"].map((id) => volumes.mount(id, [data]));
    await Promise.all([...mounting, ...["c1", "c2", "c3"].map((id) => volumes.leave(id))]);
    expect(plugin.asked).toEqual(["Create data", "Mount data", "Unmount data"]);
    expect(kept()).toEqual([]);
  });

  function mountIdKept(): string {
    const [file = ""] = kept();
    return (JSON.parse(readFileSync(join(dir, "kept", file), "utf8")) as { mountId: string }).mountId;
  }
});

describe("a plugin is found", () => {
  it("by its socket, by an address in a file, by JSON", async () => {
    expect(await findPlugin("fake", dir)).toEqual({ kind: "socket", path: join(dir, "fake.sock") });
    const other = join(dir, "etc");
    mkdirSync(other);
    writeFileSync(join(other, "spec.spec"), "tcp://127.0.0.1:7070\n");
    writeFileSync(join(other, "json.json"), JSON.stringify({ Name: "json", Addr: "unix:///run/json.sock" }));
    expect(await findPlugin("spec", `${dir}:${other}`)).toEqual({
      kind: "tcp",
      host: "127.0.0.1",
      port: 7070,
    });
    expect(await findPlugin("json", `${dir}:${other}`)).toEqual({ kind: "socket", path: "/run/json.sock" });
  });

  it.each([
    ["none.spec", "ftp://x", "is neither unix:///path nor tcp://host:port"],
    ["none.json", "{", "is no JSON"],
    ["none.json", JSON.stringify({ Addr: "https://a:1", TLSConfig: {} }), "over TLS"],
    ["none.json", "{}", "has no Addr"],
  ])("not by %s with %s", async (file, text, problem) => {
    writeFileSync(join(dir, file), text);
    await expect(findPlugin("none", dir)).rejects.toThrow(problem);
  });

  it("and one that hangs up, says no JSON, or too much is told of", async () => {
    const answers = ["", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nwhy", endless];
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(answers.shift() ?? ""));
    });
    await new Promise<void>((resolve) => server.listen(join(dir, "odd.sock"), resolve));
    const volumes = anAgents();
    const odd = { ...data, driver: "odd" };
    const prefix = "External volume data: plugin odd";
    await expect(volumes.mount("c1", [odd])).rejects.toThrow(
      `${prefix} did not answer Plugin.Activate: socket hang up`,
    );
    await expect(volumes.mount("c1", [odd])).rejects.toThrow(`${prefix}, Plugin.Activate: why`);
    await expect(volumes.mount("c1", [odd])).rejects.toThrow("it said more than 1048576 bytes");
    await new Promise((resolve) => server.close(resolve));
  });
});

const endless = `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(1_200_000)}`;
