import { describe, expect, it } from "vitest";
import type { ContainerCommand } from "../driver.ts";
import { programOf, readImageConfig } from "./image-config.ts";
import { parseReference } from "./reference.ts";

describe("the name of an image", () => {
  it.each([
    ["busybox", "docker.io/library/busybox:latest"],
    ["lib/web:1.2", "docker.io/lib/web:1.2"],
    ["registry:5000/web", "registry:5000/web:latest"],
    ["localhost/web:1", "localhost/web:1"],
    [`web@sha256:${"a".repeat(64)}`, `docker.io/library/web@sha256:${"a".repeat(64)}`],
    [`web:1@sha256:${"a".repeat(64)}`, `docker.io/library/web@sha256:${"a".repeat(64)}`],
  ])("%s is %s", (text, canonical) => expect(parseReference(text).canonical).toBe(canonical));

  it.each(["", "Web", "a//b", "web:", "web@sha256:12", "--help", "web;id", "../x", `a${"/a".repeat(600)}`])(
    "%j is none",
    (text) => expect(() => parseReference(text)).toThrow(RangeError),
  );

  it.each([
    ["127.0.0.1:5000/web", undefined, true],
    ["localhost:5000/web", undefined, true],
    ["127.0.0.1.example/web", undefined, false],
    ["web", "http://registry:5000", true],
    ["web", "https://registry:5000", false],
    ["other:5000/web", "http://registry:5000", false],
  ])("%s with the registry %s is asked for in the open: %s", (text, registry, isInsecure) =>
    expect(parseReference(text, registry).isInsecure).toBe(isInsecure),
  );
});

describe("the program of a container", () => {
  const both = { entrypoint: ["/entry", "e"], cmd: ["c"], environment: {} };
  const entry = { ...both, cmd: [] };
  const cmd = { ...both, entrypoint: [] };
  const none = { ...cmd, cmd: [] };
  const given = (value: string, ...argv: readonly string[]): ContainerCommand => ({
    kind: "argv",
    value,
    argv,
  });
  it.each([
    ["mesos", given(""), both, ["/entry", "e", "c"]],
    ["mesos", given(""), entry, ["/entry", "e"]],
    ["mesos", given(""), cmd, ["c"]],
    ["mesos", given(""), none, undefined],
    ["mesos", given("", "a"), both, ["/entry", "e", "a"]],
    ["mesos", given("", "a"), cmd, ["c", "a"]],
    ["mesos", given("", "a"), none, undefined],
    ["mesos", given("v"), both, ["v"]],
    ["mesos", given("v", "zero", "a"), both, ["zero", "a"]],
    ["docker", given(""), both, ["/entry", "e", "c"]],
    ["docker", given("", "a"), both, ["/entry", "e", "a"]],
    ["docker", given("v", "a"), both, ["/entry", "e", "v", "a"]],
    ["docker", given("", "a"), cmd, ["a"]],
    ["docker", given(""), none, undefined],
    ["docker", { kind: "shell", value: "x" }, both, ["sh", "-c", "x"]],
  ] as const)("%s: %j of %j is %j", (engine, command, config, argv) => {
    expect(programOf(command, config, engine)?.argv).toEqual(argv);
  });
});

it("a config of another shape counts as not said", () => {
  const config = { Entrypoint: "sh", Cmd: [1, "a"], Env: ["A=b=c", "=x", "y"], User: 7, WorkingDir: "" };
  expect(readImageConfig({ config })).toEqual({ entrypoint: [], cmd: ["a"], environment: { A: "b=c" } });
  expect(readImageConfig(null)).toEqual({ entrypoint: [], cmd: [], environment: {} });
});
