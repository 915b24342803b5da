import { describe, expect, it } from "vitest";
import {
  answerHeaders,
  cookieOf,
  headerList,
  otherCookies,
  type Passing,
  requestHeaders,
} from "./headers.ts";

const plain: Passing = {
  clientAddress: "10.0.0.7",
  protocol: "http",
  host: "door:8800",
  authorization: undefined,
  identity: undefined,
};
const ofDoor = [
  ["host", "door:8800"],
  ["x-real-ip", "10.0.0.7"],
  ["x-forwarded-for", "10.0.0.7"],
  ["x-forwarded-proto", "http"],
  ["x-forwarded-host", "door:8800"],
];
const passed = (
  raw: readonly string[],
  passing: Partial<Passing> = {},
): readonly (readonly [string, string])[] =>
  headerList(requestHeaders(headerList(raw), { ...plain, ...passing }));

describe("headers of a request", () => {
  it.each([
    [
      "plain ones, also twice",
      ["Accept", "a", "X-A", "1", "X-A", "2"],
      [
        ["Accept", "a"],
        ["X-A", "1"],
        ["X-A", "2"],
      ],
    ],
    [
      "none of the connection",
      ["Connection", "close, X-Hop", "X-Hop", "1", "TE", "trailers", "Upgrade", "h2c"],
      [],
    ],
    ["no length beside chunks", ["Transfer-Encoding", "chunked"], []],
    [
      "nothing that only the door says",
      ["X-Keelson-User", "root", "X-KEELSON-DOOR", "x", "x-keelson-from", "y"],
      [],
    ],
    [
      "no claim about who is in between",
      ["Forwarded", "for=1", "X-Real-IP", "1", "X-Forwarded-Host", "evil"],
      [],
    ],
    ["no header against forgery", ["X-Keelson-Csrf", "1"], []],
    ["no token", ["Authorization", "token=x"], []],
    [
      "the length, whatever Connection names",
      ["Connection", "Content-Length", "Content-Length", "3"],
      [["Content-Length", "3"]],
    ],
    ["other cookies", ["Cookie", "a=b; dcos-acs-auth-cookie=x; c=d"], [["Cookie", "a=b; c=d"]]],
    ["no cookie of ours", ["Cookie", "dcos-acs-info-cookie=x;keelson-service-session=y"], []],
  ])("pass on %s", (_name, raw, expected) => {
    expect(passed(raw)).toEqual([...expected, ...ofDoor]);
  });

  it("add the client to those who are said to be in between", () => {
    expect(passed(["X-Forwarded-For", "1.2.3.4"])).toContainEqual(["x-forwarded-for", "1.2.3.4, 10.0.0.7"]);
  });

  it("say who asks to a daemon, and to nobody else", () => {
    const told = passed(["x-keelson-user", "mallory"], { identity: { user: "alice", secret: "s" } });
    expect(told.filter(([name]) => name.startsWith("x-keelson"))).toEqual([
      ["x-keelson-user", "alice"],
      ["x-keelson-from", "10.0.0.7"],
      ["x-keelson-door", "s"],
    ]);
    expect(passed([]).filter(([name]) => name.startsWith("x-keelson"))).toEqual([]);
  });

  it("carry the token that the door decides on", () => {
    expect(passed(["Authorization", "Basic x"], { authorization: "token=y" })).toContainEqual([
      "authorization",
      "token=y",
    ]);
  });
});

describe("headers of an answer", () => {
  const task = { from: "task", location: undefined, policy: undefined } as const;

  it("of a task set no cookie of ours and say nothing about the whole address", () => {
    expect(
      answerHeaders(
        {
          "set-cookie": ["dcos-acs-auth-cookie=evil; Path=/", " dcos-acs-info-cookie =x", "own=1"],
          "clear-site-data": '"*"',
          "strict-transport-security": "max-age=1",
          "service-worker-allowed": "/",
          "x-keelson-door": "leak",
          connection: "close",
          "content-type": "text/html",
        },
        task,
      ),
    ).toEqual({ "set-cookie": ["own=1"], "content-type": "text/html" });
    expect(answerHeaders({ "set-cookie": "keelson-service-session=x" }, task)).toEqual({});
  });

  it("of a daemon may", () => {
    const headers = { "set-cookie": ["dcos-acs-auth-cookie=x"] };
    expect(answerHeaders(headers, { ...task, from: "daemon" })).toEqual(headers);
  });

  it("get our policy beside their own, and their Location rewritten", () => {
    const answering = { ...task, policy: "sandbox", location: (given: string) => `/p${given}` };
    expect(answerHeaders({ "content-security-policy": "default-src *", location: "/x" }, answering)).toEqual({
      "content-security-policy": ["default-src *", "sandbox"],
      location: "/p/x",
    });
  });
});

describe("cookies", () => {
  it("are told apart by their whole name", () => {
    expect(cookieOf("xdcos=1; a=b=c", "a")).toBe("b=c");
    expect(cookieOf("ab=1", "a")).toBeUndefined();
    expect(cookieOf(undefined, "a")).toBeUndefined();
    expect(otherCookies("mydcos-acs-auth-cookie=1")).toBe("mydcos-acs-auth-cookie=1");
  });
});
