import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSeal } from "./seal.ts";

const folder = mkdtempSync(join(tmpdir(), "keelson-seal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a seal", () => {
  const file = join(folder, "key");
  const value = Buffer.from([0, 255, 1, 2, 3]);

  it("is opened with its key, also by the next process", () => {
    const sealed = openSeal(file).close("dev/db", value);
    expect(sealed).not.toContain(value.toString("base64"));
    expect(openSeal(file).open("dev/db", sealed)).toEqual(value);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("is different each time, and of an empty value too", () => {
    const seal = openSeal(file);
    expect(seal.close("a", value)).not.toBe(seal.close("a", value));
    expect(seal.open("a", seal.close("a", Buffer.alloc(0)))).toEqual(Buffer.alloc(0));
  });

  it("holds to its path, its key and every byte", () => {
    const seal = openSeal(file);
    const sealed = seal.close("dev/db", value);
    expect(() => seal.open("prod/db", sealed)).toThrow();
    expect(() => openSeal(join(folder, "other")).open("dev/db", sealed)).toThrow();
    const changed = Buffer.from(sealed, "base64");
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(() => seal.open("dev/db", changed.toString("base64"))).toThrow();
  });

  it("refuses a file that is no key", () => {
    writeFileSync(join(folder, "short"), "abc");
    expect(() => openSeal(join(folder, "short"))).toThrow("3 bytes");
  });
});
