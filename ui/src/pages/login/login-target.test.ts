import { describe, expect, it } from "vitest";
import { loginTarget } from "./login-target.ts";

describe("where a login leads", () => {
  it.each([
    [undefined, "/"],
    ["/services?filter=web", "/services?filter=web"],
    ["//elsewhere.example/", "/"],
    ["/\\elsewhere.example/", "/"],
    ["https://elsewhere.example/", "/"],
    ["/login?redirect=%2F", "/"],
  ])("%s leads to %s", (redirect, target) => {
    expect(loginTarget(redirect)).toBe(target);
  });
});
