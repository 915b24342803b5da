import { describe, expect, it } from "vitest";
import { rewrittenLocation } from "./location.ts";

const placement = { prefix: "/service/n", ownHosts: ["door:8800", "10.0.0.1:31000"] };

describe("where a service sends a browser", () => {
  it.each([
    ["/x", "/service/n/x"],
    ["/", "/service/n/"],
    ["/service/n/x", "/service/n/x"],
    ["/service/n", "/service/n"],
    ["/service/n?a=/b", "/service/n?a=/b"],
    ["/service/nn/x", "/service/n/service/nn/x"],
    ["http://door:8800/x?y#z", "/service/n/x?y#z"],
    ["HTTP://DOOR:8800", "/service/n/"],
    ["https://10.0.0.1:31000/service/n/x", "/service/n/x"],
    ["http://elsewhere/", "http://elsewhere/"],
    ["http://door/", "http://door/"],
    ["//elsewhere/x", "//elsewhere/x"],
    ["x/y", "x/y"],
    ["?a", "?a"],
    ["javascript:alert(1)", "javascript:alert(1)"],
  ])("%s becomes %s", (given, expected) => {
    expect(rewrittenLocation(given, placement)).toBe(expected);
  });

  it("is the root of its own address at a named host", () => {
    const named = { prefix: "", ownHosts: ["shop.localhost:8800", "10.0.0.1:31000"] };
    expect(rewrittenLocation("http://10.0.0.1:31000/x", named)).toBe("/x");
    expect(rewrittenLocation("/x", named)).toBe("/x");
  });
});
