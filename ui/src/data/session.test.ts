import { describe, expect, it } from "vitest";
import { readSessionUser } from "./session.ts";

const cookieOf = (value: unknown): string =>
  `a=1; dcos-acs-info-cookie=${Buffer.from(JSON.stringify(value)).toString("base64")}; b=2`;

describe("who is logged in", () => {
  it("reads the door's info cookie", () => {
    expect(readSessionUser(cookieOf({ uid: "ada", description: "艾达" }))).toEqual({
      uid: "ada",
      description: "艾达",
    });
  });

  it.each([
    ["", ""],
    ["none", "a=1"],
    ["broken", "dcos-acs-info-cookie=%%%"],
    ["no uid", cookieOf({})],
  ])("is nobody: %s", (_name, cookies) => {
    expect(readSessionUser(cookies)).toBeUndefined();
  });
});
