import { describe, expect, it } from "vitest";
import { calledBy, hostOf } from "./hosts.ts";

describe("the name the door was called by", () => {
  it.each([
    ["127.0.0.1:8800", "console"],
    ["localhost", "console"],
    ["LOCALHOST:1", "console"],
    ["[::1]:8800", "console"],
    ["console.localhost:8800", "console"],
    ["cluster.example:443", "console"],
    ["shop.localhost:8800", "/shop"],
    ["cart.shop.localhost", "/shop/cart"],
    ["Cart.Shop.LOCALHOST", "/shop/cart"],
    ["evil.example", "refused"],
    ["127.0.0.1.evil.example", "refused"],
    ["xlocalhost", "refused"],
    [".localhost", "refused"],
    ["a..localhost", "refused"],
    ["-a.localhost", "refused"],
    ["a_b.localhost", "refused"],
    ["", "refused"],
    [undefined, "refused"],
    ["localhost@evil", "refused"],
    ["localhost:8800:1", "refused"],
  ])("%s is %s", (host, expected) => {
    const called = calledBy(host, ["cluster.example"]);
    expect(called.kind === "service" ? called.serviceId : called.kind).toBe(expected);
  });

  it.each([
    ["/shop/cart", "cart.shop.localhost"],
    ["/web", "web.localhost"],
    ["/console", undefined],
    ["/a.b", undefined],
    ["/", undefined],
  ])("of %s is %s", (id, host) => {
    expect(hostOf(id)).toBe(host);
  });
});
