import { describe, expect, it } from "vitest";
import { identityHeaders } from "#contracts/identity.ts";
import { callerOf, isSameSecret } from "./caller.ts";

const secret = "the-shared-secret";
const said = { [identityHeaders.user]: "alice", [identityHeaders.from]: "10.0.0.7" };

describe("who asks", () => {
  it("is who the door says, when it brings the secret", () => {
    const headers = { ...said, [identityHeaders.door]: secret };
    expect(callerOf({ headers, remoteAddress: "127.0.0.1" }, secret)).toEqual({
      user: "alice",
      from: "10.0.0.7",
    });
  });

  it.each([
    ["without a secret", said, secret],
    ["with a wrong one", { ...said, [identityHeaders.door]: "the-shared-secreT" }, secret],
    ["with an empty one", { ...said, [identityHeaders.door]: "" }, secret],
    ["where none is known", { ...said, [identityHeaders.door]: secret }, undefined],
  ])("is nobody in particular %s", (_case, headers, known) => {
    expect(callerOf({ headers, remoteAddress: "127.0.0.1" }, known)).toEqual({
      user: "anonymous",
      from: "127.0.0.1",
    });
  });

  it("compares secrets of different lengths", () => {
    expect(isSameSecret("a", "aa")).toBe(false);
    expect(isSameSecret("aa", "aa")).toBe(true);
  });
});
