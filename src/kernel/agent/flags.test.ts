import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import type { AgentEnvironment } from "./config.ts";
import { withFlags } from "./flags.ts";

const base: AgentEnvironment = {
  host: "127.0.0.1",
  port: 0,
  dataDir: "/data",
  masterUrl: "http://127.0.0.1:5050",
  policy: { registrationBackoffMs: 50 },
};

describe("flags of an agent", () => {
  it("become its settings, beside what else it was given", () => {
    const flags: JsonValue = {
      attributes: "rack:a",
      revocable_resources: "cpus:2",
      load_threshold_5min: 4,
      qos_correction_interval_min: "5secs",
      effective_capabilities: { capabilities: ["NET_RAW"] },
      bounding_capabilities: '{"capabilities":["NET_RAW","KILL"]}',
      cgroups_enable_cfs: true,
      fetcher_cache_size: "1GB",
    };
    expect(withFlags({ ...base, flags })).toMatchObject({
      dataDir: "/data",
      attributes: "rack:a",
      revocableResources: "cpus:2",
      fetcherCacheBytesMax: 1_073_741_824,
      policy: {
        registrationBackoffMs: 50,
        loadThreshold5Min: 4,
        qosCorrectionIntervalMs: 5_000,
        effectiveCapabilities: ["NET_RAW"],
        boundingCapabilities: ["NET_RAW", "KILL"],
        enforcesCpus: true,
      },
    });
    expect(withFlags(base)).toBe(base);
  });

  it.each<[JsonValue, string]>([
    [{ work_dir: "/x" }, "there is no flag work_dir here"],
    [{ effective_capabilities: { capabilities: ["FLY"] } }, "flag effective_capabilities"],
    [{ reconfiguration_policy: "any" }, "flag reconfiguration_policy"],
    [{ gc_delay: "soon" }, "flag gc_delay"],
  ])("%j is refused", (flags, problem) => {
    expect(() => withFlags({ ...base, flags })).toThrow(problem);
  });
});
