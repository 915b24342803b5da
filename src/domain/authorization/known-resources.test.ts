import { describe, expect, it } from "vitest";
import { isKnownResource } from "./known-resources.ts";

describe("known resources", () => {
  it.each([
    ["dcos:superuser", true],
    ["dcos:adminrouter", true],
    ["dcos:adminrouter:ops:mesos", true],
    ["dcos:adminrouter:service:shop/cart", true],
    ["dcos:service", true],
    ["dcos:service:marathon:marathon:services:/dev/web", true],
    ["dcos:mesos:master:quota:role:shop", true],
    ["dcos:adminrouter:op:mesos", false],
    ["dcos:service:marathon:marathon:services/dev", false],
    ["dcos:service:marathon:marathon:services:dev", false],
    ["dcos", true],
    ["shop", false],
  ])("%s: %s", (rid, answer) => {
    expect(isKnownResource(rid)).toBe(answer);
  });
});
