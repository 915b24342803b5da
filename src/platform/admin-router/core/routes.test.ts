import { describe, expect, it } from "vitest";
import { passedHeaders, routeOf, tokenOf } from "./routes.ts";

describe("routes of the door", () => {
  it.each([
    ["/", { kind: "page" }],
    ["/mesos/state", { kind: "upstream", upstream: "kernel", path: "/state" }],
    ["/mesos", { kind: "upstream", upstream: "kernel", path: "/" }],
    ["/marathon/v2/apps", { kind: "upstream", upstream: "services", path: "/v2/apps" }],
    ["/service/marathon/v2/apps/a%20b", { kind: "upstream", upstream: "services", path: "/v2/apps/a%20b" }],
    ["/agent/x-S0/files/read", { kind: "agent", agentId: "x-S0", path: "/files/read" }],
    ["/slave/x-S0", { kind: "agent", agentId: "x-S0", path: "/" }],
    ["/marathonish", { kind: "unknown" }],
  ])("%s", (path, expected) => {
    expect(routeOf(path)).toEqual(expected);
  });

  it.each([
    "/mesos//state",
    "/mesos/../x",
    "/mesos/%2e%2e/x",
    "/mesos/%2Fx",
    "/mesos/./x",
    "/mesos\\x",
    "/mesos/%00",
    "/mesos/..",
  ])("refuses %s, which two servers could read differently", (path) => {
    expect(routeOf(path).kind).toBe("refused");
  });
});

describe("tokens at the door", () => {
  it("come as token=, Bearer, or the cookie; a header that is no token is not saved by a cookie", () => {
    expect(tokenOf("token=abc", undefined)).toBe("abc");
    expect(tokenOf("Bearer abc", undefined)).toBe("abc");
    expect(tokenOf(undefined, "a=b; keelson-token=abc")).toBe("abc");
    expect(tokenOf("Basic abc", "keelson-token=abc")).toBeUndefined();
    expect(tokenOf(undefined, undefined)).toBeUndefined();
  });

  it("are never passed on, nor are headers of the connection", () => {
    const headers = {
      authorization: "token=x",
      cookie: "keelson-token=x",
      host: "h",
      connection: "x-secret, close",
      "x-secret": "1",
      accept: "*/*",
    };
    expect(passedHeaders(headers, "in")).toEqual({ accept: "*/*" });
    expect(passedHeaders({ "set-cookie": "a=b", "content-type": "t" }, "out")).toEqual({
      "content-type": "t",
    });
  });
});
