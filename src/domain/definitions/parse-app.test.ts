/** What of an app is refused where, beyond what its schema says. */
import { describe, expect, it } from "vitest";
import {
  ArgumentInvalid,
  DefinitionInvalid,
  instantOf,
  parseApp,
  parseChange,
  ShapeInvalid,
} from "./index.ts";

const options = { defaultRole: "slave_public" };

function refused(parse: () => unknown): Readonly<Record<string, readonly string[]>> {
  try {
    parse();
    return {};
  } catch (error) {
    if (!(error instanceof DefinitionInvalid)) throw error;
    return Object.fromEntries(error.details.map(({ path, errors }) => [path, errors]));
  }
}

const fieldsOf = (changes: object): readonly string[] =>
  Object.keys(refused(() => parseApp({ id: "/web", cmd: "true", ...changes }, options))).sort();

const migration = {
  DCOS_MIGRATION_API_VERSION: "v1",
  DCOS_PACKAGE_FRAMEWORK_NAME: "kafka",
  DCOS_MIGRATION_API_PATH: "/v1/migrate",
};

describe("an app", () => {
  it.each<readonly [string, object, readonly string[]]>([
    ["a version that is no instant", { version: "yesterday" }, ["/version"]],
    ["a version without an offset", { version: "2020-01-01T00:00:00" }, ["/version"]],
    ["a version with an offset", { version: "2020-01-01T01:00:00+01:00" }, []],
    ["an address without a scheme's name", { fetch: [{ uri: "::x" }] }, ["/fetch(0)/uri"]],
    ["an address with a space", { fetch: [{ uri: "http://a b" }] }, ["/fetch(0)/uri"]],
    ["an address with half an escape", { fetch: [{ uri: "http://a/%4" }] }, ["/fetch(0)/uri"]],
    ["addresses", { fetch: [{ uri: "http://a:80/b%20c?d=e#f" }, { uri: "file:///a" }, { uri: "a/b" }] }, []],
    ["all that a migration needs", { labels: migration }, []],
    [
      "a migration of another version",
      { labels: { ...migration, DCOS_MIGRATION_API_VERSION: "v2" } },
      ["/labels/DCOS_MIGRATION_API_VERSION"],
    ],
    [
      "a migration without the rest",
      { labels: { DCOS_MIGRATION_API_VERSION: "v1" } },
      ["/labels/DCOS_MIGRATION_API_PATH", "/labels/DCOS_PACKAGE_FRAMEWORK_NAME"],
    ],
    [
      "a check of the scheduler by IPv6",
      { healthChecks: [{ protocol: "HTTP", ipProtocol: "IPv6" }] },
      ["/healthChecks(0)/ipProtocol"],
    ],
  ])("with %s", (_what, changes, fields) => {
    expect(fieldsOf(changes)).toEqual(fields);
  });

  it("with more memory than anybody can count is refused by the field", () => {
    const make = (): unknown => parseApp({ id: "/web", cmd: "true", mem: 1e16 }, options);
    expect(make).toThrow(ShapeInvalid);
    expect(make).toThrow(expect.objectContaining({ details: [{ path: "/mem", errors: ["error.max"] }] }));
  });

  it.each(["/Upper", "/under_score", "/-dash", "/dash-", "/a..b", "/spa ce", "/a/B/c"])(
    "that is put at the path %s is refused there, as it is in a body",
    (path) => {
      expect(Object.keys(refused(() => parseChange({ cmd: "true" }, undefined, path, options)))).toEqual([
        "/id",
      ]);
    },
  );

  it.each(["/web", "/a.b-c/0", "/a/b/c"])("can be put at %s", (path) => {
    expect(parseChange({ cmd: "true" }, undefined, path, options).id).toBe(path);
  });
});

it("an instant is a date and a time with an offset, told in UTC", () => {
  expect(instantOf("2020-01-01T01:00:00.5+01:00")).toBe("2020-01-01T00:00:00.500Z");
  for (const text of ["x 2020", "2020", "2020-01-01", ""])
    expect(() => instantOf(text)).toThrow(ArgumentInvalid);
});
