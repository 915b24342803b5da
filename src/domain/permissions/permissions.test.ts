import { describe, expect, it } from "vitest";
import { type Action, allows, isResourceId } from "./permissions.ts";

const services = "dcos:service:marathon:marathon:services:";

describe("permissions", () => {
  it.each<[string, Action, string, Action, boolean]>([
    ["dcos:adminrouter:ops:mesos", "full", "dcos:adminrouter:ops:mesos", "full", true],
    ["dcos:adminrouter:ops:mesos", "read", "dcos:adminrouter:ops:mesos", "full", false],
    ["dcos:adminrouter:ops:mesos", "full", "dcos:adminrouter:ops:mesos", "read", true],
    ["dcos:adminrouter:ops:mesos", "full", "dcos:adminrouter:ops:mesos-dns", "full", false],
    ["dcos:adminrouter:service", "full", "dcos:adminrouter:service:shop/cart", "full", true],
    ["dcos:adminrouter:service:shop", "full", "dcos:adminrouter:service:shop/cart", "full", true],
    ["dcos:adminrouter:service:shop/cart", "full", "dcos:adminrouter:service:shop", "full", false],
    [`${services}/`, "read", `${services}/dev/web`, "read", true],
    [`${services}/dev`, "read", `${services}/dev/web`, "read", true],
    [`${services}/dev`, "read", `${services}/development`, "read", false],
    [`${services}/dev`, "read", `${services}/dev`, "update", false],
    ["dcos:superuser", "full", "dcos:anything", "delete", true],
    ["dcos:superuser", "read", "dcos:anything", "delete", true],
  ])("%s with %s: %s, %s is %s", (granted, held, asked, action, answer) => {
    expect(allows([{ rid: granted, actions: [held] }], asked, action)).toBe(answer);
  });

  it.each([
    ["dcos:service:marathon:marathon:services:/dev/web", true],
    ["dcos:adminrouter:service:a.b-c_d", true],
    ["", false],
    [":a", false],
    ["a b", false],
    ["a%2Fb", false],
    ["a".repeat(501), false],
  ])("%s is a resource id: %s", (text, answer) => {
    expect(isResourceId(text)).toBe(answer);
  });
});
