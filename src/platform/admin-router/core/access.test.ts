import { describe, expect, it } from "vitest";
import {
  type Head,
  isNavigation,
  mayComeFromElsewhere,
  presentedToken,
  wantsCsrfHeader,
  wantsJson,
} from "./access.ts";
import { findRule } from "./route-table.ts";

const aHead = (fields: Partial<Head> = {}): Head => ({
  method: "GET",
  authorization: undefined,
  cookie: undefined,
  accept: undefined,
  fetchSite: undefined,
  fetchMode: undefined,
  fetchDestination: undefined,
  ...fields,
});

describe("a token", () => {
  it.each([
    ["token=abc", undefined, { by: "header", token: "abc" }],
    ["Bearer abc", undefined, { by: "header", token: "abc" }],
    ["bearer  abc ", undefined, { by: "header", token: "abc" }],
    [undefined, "a=b; dcos-acs-auth-cookie=abc", { by: "cookie", token: "abc" }],
    ["Basic abc", "dcos-acs-auth-cookie=abc", undefined],
    ["", "dcos-acs-auth-cookie=abc", undefined],
    ["token=", undefined, undefined],
    ["token=a b", undefined, undefined],
    [undefined, "dcos-acs-auth-cookie=", undefined],
    [undefined, undefined, undefined],
  ] as const)("of %j and cookie %j", (authorization, cookie, expected) => {
    expect(presentedToken({ authorization, cookie })).toEqual(
      expected === undefined ? { kind: "none" } : { kind: "token", ...expected },
    );
  });
});

describe("a cookie alone", () => {
  it.each([
    ["GET", "/mesos/state", undefined, false],
    ["POST", "/mesos/api/v1", undefined, true],
    ["DELETE", "/service/marathon/v2/apps/x", "same-origin", true],
    ["GET", "/service/marathon/keelson/v1/services", undefined, true],
    ["GET", "/service/marathon/keelson/v1/services", "none", true],
    ["GET", "/agent/x/keelson/v1/files/t", "same-origin", false],
    ["GET", "/keelson/v1/events", undefined, true],
    ["POST", "/service/shop/buy", undefined, false],
    ["GET", "/keelson/service-login", undefined, false],
    ["PATCH", "/acs/api/v1/users/x", undefined, true],
  ])("is not enough: %s %s (%s) is %s", (method, path, fetchSite, expected) => {
    const { rule } = findRule(path);
    const head = aHead({ method, fetchSite });
    expect(wantsCsrfHeader("cookie", head, path, rule.target)).toBe(expected);
    expect(wantsCsrfHeader("header", head, path, rule.target)).toBe(false);
  });
});

describe("a page of another site", () => {
  const link = aHead({ fetchSite: "cross-site", fetchMode: "navigate", fetchDestination: "document" });

  it("may link to what shows something, and call nothing", () => {
    expect(isNavigation(link)).toBe(true);
    expect(mayComeFromElsewhere(link, "files")).toBe(true);
    expect(mayComeFromElsewhere(link, "named")).toBe(true);
    expect(mayComeFromElsewhere(link, "own", "login")).toBe(true);
    expect(mayComeFromElsewhere(link, "own", "audit")).toBe(false);
    expect(mayComeFromElsewhere(link, "daemon")).toBe(false);
  });

  it.each([{ method: "POST" }, { fetchDestination: "iframe" }, { fetchMode: "no-cors" }])(
    "may not with %j",
    (fields) => {
      expect(mayComeFromElsewhere({ ...link, ...fields }, "files")).toBe(false);
    },
  );
});

describe("who gets JSON", () => {
  it.each([
    ["application/json", true],
    ["application/json, text/plain, */*", true],
    ["application/vnd.dcos.package.error+json", true],
    ["*/*", false],
    [undefined, false],
    ["text/html,application/xhtml+xml,application/json;q=0.9", false],
  ])("%s: %s", (accept, expected) => {
    expect(wantsJson({ accept })).toBe(expected);
  });
});
