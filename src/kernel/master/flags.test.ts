import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import { flagsOf, type MasterEnvironment } from "./config.ts";
import { defaultMasterPolicy } from "./core/index.ts";
import { withFlags } from "./flags.ts";

const base: MasterEnvironment = { host: "127.0.0.1", port: 0, dataDir: "/data" };

describe("flags of a master", () => {
  it("become its settings, and what they don't name stays", () => {
    const flags: JsonValue = {
      roles: "web,batch",
      offer_timeout: "30secs",
      max_agent_ping_timeouts: 3,
      agent_removal_rate_limit: "2/3hrs",
      allocation_interval: "500ms",
      min_allocatable_resources: "cpus:0.5;mem:64|disk:100",
      fair_sharing_excluded_resource_names: "gpus",
    };
    expect(withFlags({ ...base, flags })).toMatchObject({
      dataDir: "/data",
      policy: {
        roles: ["web", "batch"],
        offerTimeoutMs: 30_000,
        missedPingsMax: 3,
        agentRemovalRate: { agents: 2, perMs: 10_800_000 },
        allocator: {
          ...defaultMasterPolicy.allocator,
          allocationIntervalMs: 500,
          excludedNames: ["gpus"],
          minimums: [
            new Map([
              ["cpus", 500],
              ["mem", 64_000],
            ]),
            new Map([["disk", 100_000]]),
          ],
        },
      },
    });
    expect(withFlags(base)).toBe(base);
  });

  it.each<[JsonValue, string]>([
    [{ quorum: 2 }, "there is no flag quorum here"],
    [{ max_agent_ping_timeouts: 1.5 }, "flag max_agent_ping_timeouts"],
    [{ agent_removal_rate_limit: "0/1mins" }, "no rate"],
    [{ agent_removal_rate_limit: "fast" }, "no rate"],
    [{ min_allocatable_resources: "cpus" }, "flag min_allocatable_resources"],
  ])("%j is refused", (flags, problem) => {
    expect(() => withFlags({ ...base, flags })).toThrow(problem);
  });
});

describe("flags as a master shows them", () => {
  const shown = (flags: MasterEnvironment["flags"] = {}) => {
    const settled = withFlags({ ...base, flags });
    return flagsOf(settled, { ...defaultMasterPolicy, ...settled.policy });
  };

  it("are Mesos' defaults where nothing else was said", () => {
    expect(shown()).toMatchObject({
      cluster: "keelson",
      agent_ping_timeout: "15secs",
      agent_reregister_timeout: "10mins",
      allocation_interval: "1secs",
      allocator: "hierarchical",
      role_sorter: "drf",
      framework_sorter: "drf",
      min_allocatable_resources: "cpus:0.01|mem:32",
      registry_max_agent_count: "102400",
      max_operator_event_stream_subscribers: "1000",
    });
    expect(shown({ agent_reregister_timeout: "90secs" })["agent_reregister_timeout"]).toBe("90secs");
  });

  it("may be given where they say what holds anyway, and are refused otherwise", () => {
    expect(shown({ allocator: "hierarchical" })["allocator"]).toBe("hierarchical");
    expect(() => withFlags({ ...base, flags: { role_sorter: "random" } })).toThrow(
      'flag role_sorter: "random": only drf is supported',
    );
  });
});
