import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clusterProcesses } from "./cluster.ts";
import { parseUpOptions } from "./options.ts";

const parts = (list: string): unknown => parseUpOptions(["--part", list], {}, "/clone").parts;

describe("the share of instances that may be away for their health", () => {
  it("is a percentage", () => {
    const given = (text: string): unknown =>
      parseUpOptions(["--health-kills-max", text], {}, "/clone").healthKillsMaxPercent;
    expect(given("100")).toBe(100);
    expect(parseUpOptions([], {}, "/clone").healthKillsMaxPercent).toBeUndefined();
    for (const text of ["0", "101", "some"])
      expect(() => given(text)).toThrow("--health-kills-max wants a whole number from 1 to 100");
  });
});

describe("the ports of tasks", () => {
  it("are a span that has one for every agent there may be", () => {
    const given = (text: string): unknown => parseUpOptions(["--task-ports", text], {}, "/clone").taskPorts;
    expect(given("20000-20063")).toEqual({ begin: 20_000, end: 20_063 });
    expect(parseUpOptions([], {}, "/clone").taskPorts).toBeUndefined();
    for (const text of ["20000", "20000-20062", "20063-20000", "0-100", "65000-65536", "a-b", "1-2-3"])
      expect(() => given(text), text).toThrow(`wants at least 64 ports, such as 31000-32000, not "${text}"`);
  });
});

describe("parts that an operator brings", () => {
  it("are named with their addresses", () => {
    expect(parts("mesos-dns=http://127.0.0.1:8123, net=https://[::1]:62080")).toEqual({
      "mesos-dns": "http://127.0.0.1:8123",
      net: "https://[::1]:62080",
    });
    expect(parseUpOptions([], {}, "/clone").parts).toEqual({});
  });

  it.each([
    ["dns=http://127.0.0.1:53", '"dns" is none of mesos-dns, checks, net'],
    ["net", "--part net: wants an address"],
    ["net=127.0.0.1:80", "--part net: wants an address"],
    ["net=http://127.0.0.1:80/base", "--part net: wants an address"],
    ["net=http://me:secret@127.0.0.1:80", "--part net: wants an address"],
    ["net=http://127.0.0.1:99999", "--part net: wants an address"],
    ["", '"" is none of'],
  ])("%j is refused", (list, problem) => {
    expect(() => parts(list)).toThrow(problem);
  });
});

describe("flags of agents", () => {
  it("are of all alike, or a list with those of each", () => {
    const folder = mkdtempSync(join(tmpdir(), "keelson-flags-"));
    const flagsOfAgents = (flags: object): readonly unknown[] => {
      const file = join(folder, "flags.json");
      writeFileSync(file, JSON.stringify(flags));
      const options = parseUpOptions(["--agents", "2", "--agent-flags", file], {}, "/clone");
      const ports = {
        door: 1,
        kernel: 2,
        services: 3,
        jobs: 4,
        iam: 5,
        secrets: 6,
        agents: [7, 8],
        tasks: { begin: 9, end: 99 },
      };
      return clusterProcesses({ ...options, ports, token: "", doorSecret: "", executorKey: "" })
        .filter(({ name }) => name.startsWith("agent-"))
        .map(({ config }) => (config as { readonly flags?: unknown }).flags);
    };
    const [one, other] = [{ attributes: "rack:a" }, { attributes: "rack:b" }];
    expect(flagsOfAgents(one)).toEqual([one, one]);
    expect(flagsOfAgents([one, other])).toEqual([one, other]);
    expect(flagsOfAgents([one])).toEqual([one, undefined]);
    expect(() => flagsOfAgents([one, other, one])).toThrow(
      "flags of 3 agents, but there are 2; say --agents 3",
    );
    rmSync(folder, { recursive: true });
  });
});
