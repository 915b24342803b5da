import { describe, expect, it } from "vitest";
import { externalVolumesOf } from "./app.ts";
import { volumeConflicts, volumeOfPlugin } from "./external-volumes.ts";
import { DefinitionInvalid, parseApp, ShapeInvalid } from "./index.ts";

const driver = { "dvdi/driver": "rexray" };
const volume = (external: object = {}, more: object = {}): object => ({
  containerPath: "data",
  mode: "RW",
  external: { provider: "dvdi", name: "web-data", options: driver, ...external },
  ...more,
});
const anApp = (volumes: readonly object[], more: object = {}): object => ({
  id: "/web",
  cmd: "run it",
  container: { type: "MESOS", volumes },
  ...more,
});
const docker = (external: object, more: object = {}): object =>
  anApp([], {
    container: {
      type: "DOCKER",
      docker: { image: "web" },
      volumes: [volume(external, { containerPath: "/data", ...more })],
    },
  });
// As it comes over the wire: without what is undefined.
const parse = (body: object) => parseApp(JSON.parse(JSON.stringify(body)) as unknown, { defaultRole: "dev" });

function refused(body: object): readonly string[] {
  try {
    parse(body);
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionInvalid) && !(error instanceof ShapeInvalid)) throw error;
    return error.details.map(({ path, errors }) => `${path}: ${errors.join("; ")}`);
  }
}

describe("external volumes of an app", () => {
  it("are complete with their defaults, and change the app's own", () => {
    const app = parse(anApp([volume({ size: 5 })]));
    expect(app.container?.volumes).toEqual([
      {
        containerPath: "data",
        mode: "RW",
        external: { provider: "dvdi", name: "web-data", size: 5, options: driver, shared: false },
      },
    ]);
    expect(app.upgradeStrategy).toEqual({ minimumHealthCapacity: 0.5, maximumOverCapacity: 0 });
    expect(app).not.toHaveProperty("residency");
    expect(parse(docker({}, { mode: "RO" })).container?.volumes).toHaveLength(1);
  });

  it.each<[string, object, string]>([
    ["no name", anApp([volume({ name: "" })]), "/container/volumes(0)/external/name"],
    ["no driver", anApp([volume({ options: {} })]), '/container/volumes(0)/external/options("dvdi/driver")'],
    [
      "a driver that is a path",
      anApp([volume({ options: { "dvdi/driver": "a/b" } })]),
      "is no name of a volume plugin",
    ],
    ["read only in MESOS", anApp([volume({}, { mode: "RO" })]), "/container/volumes(0)/mode: must be RW"],
    [
      "a path that leads out",
      anApp([volume({}, { containerPath: "../x" })]),
      "/container/volumes(0)/containerPath",
    ],
    ["no path", anApp([volume({}, { containerPath: "." })]), "/container/volumes(0)/containerPath"],
    [
      "twice the same",
      anApp([volume(), volume({}, { containerPath: "b" })]),
      "declared more than once within app /web",
    ],
    [
      "two instances",
      anApp([volume({ shared: true })], { instances: 2 }),
      "/instances: Number of instances is limited to 1",
    ],
    [
      "room for a second",
      anApp([volume()], { upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 1 } }),
      "/upgradeStrategy/maximumOverCapacity: must be 0",
    ],
    [
      "options with DOCKER",
      docker({ options: { ...driver, "dvdi/iops": "1" } }),
      "/external/options: must only contain",
    ],
    ["a size with DOCKER", docker({ size: 5 }), "/external/size: must be undefined"],
    ["a relative path with DOCKER", docker({}, { containerPath: "data" }), "value must be an absolute path"],
    [
      "another provider",
      anApp([volume({ provider: "nfs" })]),
      "/container/volumes(0)/external/provider: error.unknown.enum.literal",
    ],
  ])("with %s are refused", (_name, body, problem) => expect(refused(body).join("\n")).toContain(problem));

  it("are asked of the plugin without the prefix of their options", () => {
    const options = { ...driver, "dvdi/repl": " 3 ", "other/x": "y" };
    const [external] = externalVolumesOf(parse(anApp([volume({ size: 5, options })])));
    expect(external === undefined ? undefined : volumeOfPlugin(external, {})).toEqual({
      kind: "docker",
      driver: "rexray",
      name: "web-data",
      options: { repl: "3", size: "5" },
      containerPath: "data",
      isReadOnly: false,
    });
  });

  it("are one app's, unless all of them share", () => {
    const alone = parse(anApp([volume()]));
    const shared = parse(anApp([volume({ shared: true })], { id: "/shared" }));
    const another = parse(anApp([volume({ shared: true })], { id: "/another" }));
    const free = parse({ id: "/free", cmd: "run it" });
    const all = [alone, shared, another, free];
    expect(volumeConflicts(alone, all)).toEqual([{ name: "web-data", apps: ["/another", "/shared"] }]);
    expect(volumeConflicts(shared, all)).toEqual([{ name: "web-data", apps: ["/web"] }]);
    expect(volumeConflicts(shared, [shared, another, free])).toEqual([]);
    expect(volumeConflicts(free, all)).toEqual([]);
  });
});

const capability = { accessType: "mount", accessMode: "SINGLE_NODE_WRITER" };
const csi = (options: object = {}, more: object = {}, external: object = {}): object => ({
  containerPath: "data",
  mode: "RW",
  external: {
    provider: "csi",
    name: "vol-1",
    options: { pluginName: "nfs.csi.k8s.io", capability, ...options },
    ...external,
  },
  ...more,
});
const inMode = (accessMode: string, mode: "RO" | "RW" = "RW"): object =>
  csi({ capability: { ...capability, accessMode } }, { mode });
const writerOfMany = inMode("MULTI_NODE_SINGLE_WRITER");
const readerOfMany = inMode("MULTI_NODE_SINGLE_WRITER", "RO");

describe("volumes of CSI plugins", () => {
  it("are complete with their defaults, and change the app's own", () => {
    const app = parse(anApp([csi()]));
    expect(app.container?.volumes).toEqual([
      {
        containerPath: "data",
        mode: "RW",
        external: {
          provider: "csi",
          name: "vol-1",
          options: {
            pluginName: "nfs.csi.k8s.io",
            capability,
            nodeStageSecret: {},
            nodePublishSecret: {},
            volumeContext: {},
          },
        },
      },
    ]);
    expect(app.upgradeStrategy).toEqual({ minimumHealthCapacity: 0.5, maximumOverCapacity: 0 });
    expect(refused(app)).toEqual([]);
    expect(refused(docker({ provider: "csi", options: { pluginName: "p", capability } }))).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["no name", anApp([csi({}, {}, { name: undefined })]), "(0)/external/name: error.path.missing"],
    ["an empty name", anApp([csi({}, {}, { name: "" })]), "(0)/external/name: must be the name of a volume"],
    ["no options", anApp([csi({}, {}, { options: undefined })]), "/external/options: error.path.missing"],
    [
      "no plugin",
      anApp([csi({ pluginName: undefined })]),
      "/external/options/pluginName: error.path.missing",
    ],
    ["a plugin that is a path", anApp([csi({ pluginName: "a/b" })]), "/external/options/pluginName: "],
    [
      "no capability",
      anApp([csi({ capability: undefined })]),
      "/external/options/capability: error.path.missing",
    ],
    [
      "no access type",
      anApp([csi({ capability: { accessMode: "SINGLE_NODE_WRITER" } })]),
      "/external/options/capability/accessType: error.path.missing",
    ],
    [
      "an access mode of another kind",
      anApp([inMode("EVERYBODY")]),
      "/external/options/capability/accessMode: error.unknown.enum.literal",
    ],
    [
      "flags that are one text",
      anApp([csi({ capability: { ...capability, mountFlags: "noatime" } })]),
      "/external/options/capability/mountFlags: error.expected.jsarray",
    ],
    [
      "a context that is no text",
      anApp([csi({ volumeContext: { port: 3 } })]),
      "/external/options/volumeContext/port: error.expected.jsstring",
    ],
    [
      "a raw device",
      anApp([csi({ capability: { ...capability, accessType: "block" } })]),
      "/external/options/capability/accessType: a volume as a raw device",
    ],
    [
      "writing what is for readers",
      anApp([inMode("MULTI_NODE_READER_ONLY")]),
      "(0)/mode: CSI volume must be mounted readonly with a read-only access mode",
    ],
    ["a path that leads out", anApp([csi({}, { containerPath: "../x" })]), "(0)/containerPath"],
    [
      "a relative path with DOCKER",
      docker({ provider: "csi", options: { pluginName: "p", capability } }, { containerPath: "data" }),
      "(0)/containerPath: value must be an absolute path",
    ],
    [
      "a secret that is none",
      anApp([csi({ nodeStageSecret: { key: "//" } })]),
      '(0)/external/options/nodeStageSecret/key: "//" is neither a declared secret nor the path of one',
    ],
    ["twice the same", anApp([csi(), csi({}, { containerPath: "b" })]), "Requested CSI volume 'vol-1' is"],
    [
      "two instances of what is for one",
      anApp([csi()], { instances: 2 }),
      "/instances: got 2, expected 1 or less while non-shareable CSI volumes are defined",
    ],
    [
      "two writers of what has one",
      anApp([writerOfMany], { instances: 2 }),
      "/instances: got 2, expected 1 or less while a multi-node single-writer volume is defined mounted as read/write",
    ],
  ])("with %s are refused", (_name, body, problem) => expect(refused(body).join("\n")).toContain(problem));

  it("are had by as many as their access mode allows", () => {
    for (const volume of [
      readerOfMany,
      inMode("MULTI_NODE_MULTI_WRITER"),
      inMode("MULTI_NODE_READER_ONLY", "RO"),
    ])
      expect(refused(anApp([volume], { instances: 3 }))).toEqual([]);
    expect(refused(anApp([inMode("SINGLE_NODE_READER_ONLY", "RO")], { instances: 0 }))).toEqual([]);
  });

  it("are asked of the plugin with the paths of declared secrets", () => {
    const app = parse(
      anApp(
        [
          csi({
            capability: { ...capability, fsType: "ext4", mountFlags: ["noatime"] },
            nodeStageSecret: { key: "own", other: "storage/other" },
            volumeContext: { share: "/export" },
          }),
        ],
        { secrets: { own: { source: "storage/key" } } },
      ),
    );
    const [external] = externalVolumesOf(app);
    expect(external === undefined ? undefined : volumeOfPlugin(external, app)).toEqual({
      kind: "csi",
      driver: "nfs.csi.k8s.io",
      name: "vol-1",
      accessMode: "SINGLE_NODE_WRITER",
      fsType: "ext4",
      mountFlags: ["noatime"],
      stageSecrets: { key: "storage/key", other: "storage/other" },
      publishSecrets: {},
      context: { share: "/export" },
      containerPath: "data",
      isReadOnly: false,
    });
  });

  it.each<[string, object, object, boolean]>([
    ["two of one node", csi(), csi(), true],
    ["two writers of many", writerOfMany, writerOfMany, true],
    ["a writer and a reader of many", writerOfMany, readerOfMany, false],
    ["two readers of many", readerOfMany, readerOfMany, false],
    ["any of all", inMode("MULTI_NODE_MULTI_WRITER"), inMode("MULTI_NODE_MULTI_WRITER"), false],
    ["one of all and one of one node", inMode("MULTI_NODE_MULTI_WRITER"), csi(), true],
    ["one of a Docker plugin of the same name", csi(), volume({ name: "vol-1" }), false],
  ])("exclude each other or not: %s", (_name, one, other, isConflict) => {
    const first = parse(anApp([one]));
    const second = parse(anApp([other], { id: "/second" }));
    const expected = (id: string) => (isConflict ? [{ name: "vol-1", apps: [id] }] : []);
    expect(volumeConflicts(first, [first, second])).toEqual(expected("/second"));
    expect(volumeConflicts(second, [first, second])).toEqual(expected("/web"));
  });
});
