/** The list of clients that are known to work is what the tests here drive: no more, and no less. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

interface Client {
  readonly name: string;
  readonly version: string;
  readonly from: string;
  /** A file here and a `describe` in it. */
  readonly test: readonly [string, string];
}

const here = fileURLToPath(new URL(".", import.meta.url));
const { clients } = JSON.parse(readFileSync(join(here, "clients.json"), "utf8")) as {
  readonly clients: readonly Client[];
};
const titlesOf = (file: string): readonly string[] =>
  [...readFileSync(join(here, file), "utf8").matchAll(/^describe[^"]*?\(\s*"([^"]+)"/gm)].map(
    ([, title = ""]) => title,
  );

describe("clients that are known to work", () => {
  it("are those that tests drive", () => {
    const files = readdirSync(here).filter((name) => name.endsWith(".test.ts") && name !== "clients.test.ts");
    const driven = files.flatMap((file) => titlesOf(file).map((title) => `${file} ${title}`));
    // Executors are told of with the libraries that they are part of.
    const others = driven.filter((each) => !each.startsWith("executors.test.ts "));
    expect(clients.map(({ test }) => test.join(" ")).sort()).toEqual([...others].sort());
  });

  it.each(clients.filter(({ from }) => !["Debian", "GitHub"].includes(from)))(
    "$name is driven in the version that is told",
    ({ name, version, from, test: [file, title] }) => {
      if (from === "npm") {
        const lock = JSON.parse(readFileSync(join(here, "../../package-lock.json"), "utf8"));
        return expect(lock.packages[`node_modules/${name}`].version).toBe(version);
      }
      const folder = title.split(/['\s]/, 1)[0]?.toLowerCase();
      const sources = [file, "stranger-tools.ts", `${folder}/pom.xml`, `${folder}/go.mod`]
        .map((path) => join(here, path))
        .filter((path) => existsSync(path));
      const pins = [
        `${name.split(" ", 1)[0]}==${version}`,
        `<version>${version}</version>`,
        `${name} ${version}`,
      ];
      const text = sources.map((path) => readFileSync(path, "utf8")).join("\n");
      return expect(pins.some((pin) => text.includes(pin))).toBe(true);
    },
  );
});
