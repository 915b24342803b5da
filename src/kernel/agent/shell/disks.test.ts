import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Resource } from "#contracts/kernel/messages.gen.ts";
import { parseResourcesText } from "#domain/resources/index.ts";
import { prepareDisks } from "./disks.ts";
import { defaultTaskPorts, detectResources } from "./machine.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keelson-disks-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const disk = (source: object, more: object = {}): object => ({
  name: "disk",
  type: "SCALAR",
  scalar: { value: 100 },
  disk: { source },
  ...more,
});
const path = (root: string, more: object = {}): object => disk({ type: "PATH", path: { root } }, more);
const mount = (root: string, more: object = {}): object => disk({ type: "MOUNT", mount: { root } }, more);
const prepare = (disks: readonly object[], mounted: readonly string[] = [], canSwitchUser = false): void =>
  prepareDisks(disks as readonly Resource[], {
    workDir: folder,
    canSwitchUser,
    mountPoints: () => new Set(mounted),
  });

describe("disks beside the agent's own", () => {
  it("of type PATH are made where they are missing, relative ones in the work directory", () => {
    prepare([path(join(folder, "a/b")), path("c"), path("c/", { role: "web" })]);
    expect([existsSync(join(folder, "a/b")), existsSync(join(folder, "c"))]).toEqual([true, true]);
  });

  it("of type MOUNT are mount points, links to them too", () => {
    mkdirSync(join(folder, "real"));
    symlinkSync(join(folder, "real"), join(folder, "link"));
    prepare([mount(join(folder, "link"))], [join(folder, "real")]);
    // What is mounted on this machine is read; /proc is everywhere.
    prepareDisks([mount("/proc")] as readonly Resource[], { workDir: folder, canSwitchUser: true });
  });

  it("are refused by name when they can't be what they are called", () => {
    mkdirSync(join(folder, "plain"));
    writeFileSync(join(folder, "file"), "");
    const at = (name: string): string => join(folder, name);
    const refusals: readonly (readonly [readonly object[], string])[] = [
      [[disk({ type: "BLOCK" })], "of type PATH or MOUNT, not BLOCK"],
      [[disk({ type: "PATH" })], "a PATH disk needs disk.source.path.root"],
      [[disk({ type: "MOUNT", path: { root: "/x" } })], "a MOUNT disk needs disk.source.mount.root"],
      [[path("a/../b")], 'disk.source.path.root a/../b has ".."'],
      [[path(at("file"))], `the PATH disk ${at("file")} can't be made`],
      [[mount(at("none"))], `the MOUNT disk ${at("none")} is not there`],
      [[mount(at("plain"))], `the MOUNT disk ${at("plain")} is no mount point`],
      [[mount(at("plain")), mount(`${at("plain")}/`, { role: "web" })], "is named twice"],
      [[mount(at("plain")), path("plain")], "is named twice"],
    ];
    for (const [disks, problem] of refusals)
      expect(() => prepare(disks, problem.includes("twice") ? [at("plain")] : [])).toThrow(problem);
  });

  it("can be passed by the users of tasks, where these are others than the agent's", () => {
    mkdirSync(join(folder, "closed"));
    chmodSync(join(folder, "closed"), 0o700);
    prepare([path("closed")]);
    expect(() => prepare([path("closed")], [], true)).toThrow(`chmod o+x ${join(folder, "closed")}`);
  });
});

describe("resources that name a disk", () => {
  const share = {
    workDir: tmpdir(),
    agentCount: 1,
    index: 0,
    defaultRole: "web",
    taskPorts: defaultTaskPorts,
  };
  const named = (given: string) =>
    parseResourcesText(JSON.stringify(detectResources(share, given))).entries.filter(
      ({ name }) => name === "disk",
    );

  it("have it beside the agent's own, for the agent's role as well, and may stand in a file", () => {
    const text = JSON.stringify([mount("/mnt/a")]);
    writeFileSync(join(folder, "resources.json"), text);
    const disks = named(text);
    expect(disks.map((entry) => [entry.disk?.source?.type, entry.reservations[0]?.role])).toEqual(
      expect.arrayContaining([
        [undefined, "web"],
        ["MOUNT", "web"],
      ]),
    );
    expect(named(`file://${join(folder, "resources.json")}`).map(({ key }) => key)).toEqual(
      disks.map(({ key }) => key),
    );
  });

  it("are refused with the place of what is wrong", () => {
    const refusals: readonly (readonly [string, string])[] = [
      ["file:///none/at/all", "resources: /none/at/all can't be read"],
      ["file://etc", "names no absolute path"],
      ['[{"name":"disk","type":"SCALAR","scalar":{"value":"many"}}]', "[0].scalar.value"],
      ['[{"name":"mem","type":"SCALAR","scalar":{"value":1},"disk":{}}]', "only disk may"],
      ['[{"name":"disk"}]', "[0].type: required"],
      ["[1]", "expected an object"],
    ];
    for (const [given, problem] of refusals) expect(() => detectResources(share, given)).toThrow(problem);
  });
});
