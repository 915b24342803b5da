import { describe, expect, it } from "vitest";
import type { Write } from "#foundation/base/core.ts";
import {
  createSecretsCore,
  type SecretsCore,
  type SecretsEvent,
  sealedCharactersMax,
} from "./secrets-core.ts";

const record = (sealed = "sealed") => ({ sealed, author: "alice", createdAt: 7 });
const create = (path: string, sealed?: string): SecretsEvent => ({
  kind: "create",
  request: 1,
  path,
  record: record(sealed),
});

function take(
  core: SecretsCore,
  event: SecretsEvent,
): { readonly told: string; readonly writes: readonly Write[] } {
  const { writes, effects } = core.apply(event, 0);
  expect(core.check()).toEqual([]);
  const [{ result } = { result: { kind: "done" as const } }] = effects;
  return { told: result.kind === "refused" ? result.refusal : result.kind, writes };
}

describe("the store of secrets", () => {
  it("keeps each path once, and finds it again after a start", () => {
    const core = createSecretsCore(new Map());
    const { writes, told } = take(core, create("dev/db"));
    expect(told).toBe("done");
    expect(take(core, create("dev/db", "other"))).toEqual({ told: "exists", writes: [] });
    expect(core.secret("dev/db")).toEqual(record());
    const stored = new Map(
      writes.flatMap((write) => (write.kind === "put" ? [[write.key, write.value]] : [])),
    );
    expect(createSecretsCore(stored).secret("dev/db")).toEqual(record());
  });

  it("changes what is given, and only of what is there", () => {
    const core = createSecretsCore(new Map());
    const change: SecretsEvent = { kind: "change", request: 1, path: "a", fields: { description: "new" } };
    expect(take(core, change)).toEqual({ told: "missing", writes: [] });
    take(core, create("a"));
    expect(take(core, change).told).toBe("done");
    expect(core.secret("a")).toEqual({ ...record(), description: "new" });
    expect(take(core, { kind: "remove", request: 1, path: "a" }).told).toBe("done");
    expect(take(core, { kind: "remove", request: 1, path: "a" }).told).toBe("missing");
    expect(core.secret("a")).toBeUndefined();
  });

  it("lists what is below a folder", () => {
    const core = createSecretsCore(new Map());
    for (const path of ["b", "dev/web/key", "dev/db", "device/x"]) take(core, create(path));
    expect(core.namesBelow("")).toEqual(["b", "dev/db", "dev/web/key", "device/x"]);
    expect(core.namesBelow("dev")).toEqual(["db", "web/key"]);
    expect(core.namesBelow("none")).toEqual([]);
  });

  it("holds so much and no more; what goes makes room", () => {
    const core = createSecretsCore(new Map());
    const half = "x".repeat(sealedCharactersMax / 2);
    expect(take(core, create("one", half)).told).toBe("done");
    expect(take(core, create("two", half)).told).toBe("done");
    expect(take(core, create("three", "y"))).toEqual({ told: "full", writes: [] });
    take(core, { kind: "remove", request: 1, path: "one" });
    expect(take(core, create("three", "y")).told).toBe("done");
  });

  it("refuses records that are damaged", () => {
    expect(() => createSecretsCore(new Map([["secrets/a", { sealed: 1 }]]))).toThrow("secrets/a");
  });
});
