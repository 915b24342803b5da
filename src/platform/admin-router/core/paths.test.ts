import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { queryOf, readPath } from "./paths.ts";

/** Escapes decoded once, byte by byte: not all that is passed on is UTF-8. */
const bytesOf = (segment: string): string =>
  segment.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

describe("a path", () => {
  it.each([
    ["/", "/"],
    ["/mesos/state?x=/../", "/mesos/state"],
    ["/service////a///b", "/service/a/b"],
    ["/service/marathon/v2/apps/%2Fshop%2Fcart", "/service/marathon/v2/apps/%2Fshop%2Fcart"],
    ["/acs/api/v1/acls/a%252Fb", "/acs/api/v1/acls/a%252Fb"],
    ["/a/...", "/a/..."],
    ["/a/.b", "/a/.b"],
  ])("%s is read as %s", (target, path) => {
    expect(readPath(target)).toEqual({ kind: "path", path });
  });

  it.each([
    "/mesos/../x",
    "/mesos/..",
    "/mesos/./x",
    "/mesos/%2e%2e/x",
    "/mesos/.%2E/x",
    "/mesos/%2e",
    "/service/a/../../mesos/",
    "/mesos/..;x/y",
    "/mesos/..%2fx",
    "/mesos/x%2f..%2Fy",
    "/mesos\\x",
    "/mesos/%5cx",
    "/mesos/%00",
    "/mesos/%0d%0aX",
    "/mesos/%zz",
    "/mesos/%c0%ae%c0%ae/x",
    "/mesos/%e0%80%af",
    "/mesos/%aa",
    "/mesos/%e",
    "/mesos/\u0000",
    "/mesos/ä",
    "/mesos x",
    "http://elsewhere/mesos",
    "*",
    "",
    `/${"a".repeat(9_000)}`,
  ])("%j is refused, for two servers could read it differently", (target) => {
    expect(readPath(target).kind).toBe("refused");
  });

  it("never has a segment that goes up, or two slashes, however it was written", () => {
    const piece = fc.constantFrom("/", ".", "..", "%2e", "%2E", "%252e", "a", ";", "%2f", "//", "mesos", "%");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const read = readPath(`/${pieces.join("")}`);
        if (read.kind === "refused") return;
        expect(read.path).not.toContain("//");
        for (const segment of read.path.split("/")) expect(bytesOf(segment)).not.toMatch(/^\.{1,2}(;|$)/);
      }),
    );
  });

  it("leaves the query as it is", () => {
    expect(queryOf("/a?b=c?d")).toBe("?b=c?d");
    expect(queryOf("/a")).toBe("");
  });
});
