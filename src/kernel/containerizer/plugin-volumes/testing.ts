/** A volume plugin in the test's own process, which notes what it is asked and answers as it is told. */
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { JsonObject } from "#foundation/base/json.ts";

export interface FakePlugin {
  /** `Mount data`, in order; what asks only is left out. */
  readonly asked: string[];
  /** Whose mounts are not undone: volume → mount ids. */
  readonly mounts: Map<string, Set<string>>;
  /** Options that volumes were made with. */
  readonly made: Map<string, JsonObject>;
  /** Before it answers; what it throws is its `Err`. */
  before: (method: string, name: string) => Promise<void> | void;
  close(): Promise<void>;
}

/** Serves `<dir>/<name>.sock`. Volumes are folders below `dir`. */
export async function startFakePlugin(dir: string, name: string): Promise<FakePlugin> {
  const plugin: Omit<FakePlugin, "close"> = {
    asked: [],
    mounts: new Map(),
    made: new Map(),
    before: () => undefined,
  };
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    request.on("end", () => {
      void answer(
        plugin,
        dir,
        (request.url ?? "").slice(1),
        JSON.parse(text === "" ? "{}" : text) as JsonObject,
      ).then(
        (said) => response.end(JSON.stringify(said)),
        (error: unknown) => {
          response.statusCode = 500;
          response.end(JSON.stringify({ Err: error instanceof Error ? error.message : String(error) }));
        },
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(join(dir, `${name}.sock`), resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return Object.assign(plugin, { close });
}

async function answer(
  plugin: Omit<FakePlugin, "close">,
  dir: string,
  path: string,
  { Name: given, ID: id, Opts: options }: JsonObject,
): Promise<JsonObject> {
  const method = path.replace("VolumeDriver.", "");
  const name = typeof given === "string" ? given : "";
  if (!["Plugin.Activate", "Get", "Path"].includes(method)) plugin.asked.push(`${method} ${name}`);
  await plugin.before(method, name);
  const mounts = plugin.mounts.get(name) ?? new Set();
  switch (method) {
    case "Plugin.Activate":
      return { Implements: ["VolumeDriver"] };
    case "Get":
      if (!plugin.made.has(name)) throw new Error("no such volume");
      return { Volume: { Name: name }, Err: "" };
    case "Create":
      plugin.made.set(name, (options ?? {}) as JsonObject);
      return { Err: "" };
    case "Mount":
      mkdirSync(join(dir, name), { recursive: true });
      plugin.mounts.set(name, mounts.add(String(id)));
      return { Mountpoint: join(dir, name), Err: "" };
    case "Unmount":
      if (!mounts.delete(String(id))) throw new Error("volume is not mounted");
      return { Err: "" };
    default:
      throw new Error(`${method} is not implemented`);
  }
}
