import { describe, expect, it } from "vitest";
import { LoginLimits } from "./login-limits.ts";

const policy = { failuresMax: 3, addressFailuresMax: 5, windowMs: 1_000, entriesMax: 10 };
const attempt = (uid: string, from = "10.0.0.1"): { uid: string; from: string } => ({ uid, from });

describe("login limits", () => {
  it("let a user fail so often, then wait for the rest of the window", () => {
    const limits = new LoginLimits(policy);
    for (const now of [0, 100, 200]) {
      expect(limits.waitMs(attempt("alice"), now)).toBe(0);
      limits.failed(attempt("alice"), now);
    }
    expect(limits.waitMs(attempt("alice"), 300)).toBe(700);
    expect(limits.waitMs(attempt("bob"), 300)).toBe(0);
    expect(limits.waitMs(attempt("alice", "10.0.0.2"), 300)).toBe(0);
    expect(limits.waitMs(attempt("alice"), 1_000)).toBe(0);
  });

  it("hold an address that tries many users", () => {
    const limits = new LoginLimits(policy);
    for (let index = 0; index < 5; index += 1) limits.failed(attempt(`user${index}`), 0);
    expect(limits.waitMs(attempt("another"), 10)).toBe(990);
    expect(limits.waitMs(attempt("another", "10.0.0.2"), 10)).toBe(0);
  });

  it("start anew for a user who got in", () => {
    const limits = new LoginLimits(policy);
    for (let index = 0; index < 3; index += 1) limits.failed(attempt("alice"), 0);
    limits.succeeded(attempt("alice"));
    expect(limits.waitMs(attempt("alice"), 1)).toBe(0);
  });

  it("keep a bounded table", () => {
    const limits = new LoginLimits(policy);
    for (let index = 0; index < 1_000; index += 1) limits.failed(attempt(`u${index}`, `10.0.${index}.1`), 0);
    expect(limits.size).toBe(policy.entriesMax);
  });
});
