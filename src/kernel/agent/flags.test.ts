import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import type { IsolationFacts } from "#kernel/containerizer/index.ts";
import type { AgentEnvironment } from "./config.ts";
import { withFlags } from "./flags.ts";
import { shownFlags } from "./shell/shown-flags.ts";

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
      csi_plugin_config_dir: "/etc/csi",
      image_gc_config: {
        image_disk_headroom: 0.2,
        excluded_images: [{ type: "DOCKER", docker: { name: "lib/web:1" } }],
      },
    };
    expect(withFlags({ ...base, flags })).toMatchObject({
      dataDir: "/data",
      attributes: "rack:a",
      revocableResources: "cpus:2",
      fetcherCacheBytesMax: 1_073_741_824,
      csiConfigDir: "/etc/csi",
      policy: {
        registrationBackoffMs: 50,
        loadThreshold5Min: 4,
        qosCorrectionIntervalMs: 5_000,
        effectiveCapabilities: ["NET_RAW"],
        boundingCapabilities: ["NET_RAW", "KILL"],
        enforcesCpus: true,
        imageGc: { headroom: 0.2, watchMs: 3_600_000, excluded: ["lib/web:1"] },
      },
    });
    expect(withFlags(base)).toBe(base);
  });

  it.each<[JsonValue, string]>([
    [{ work_dir: "/x" }, "there is no flag work_dir here"],
    [{ effective_capabilities: { capabilities: ["FLY"] } }, "flag effective_capabilities"],
    [{ reconfiguration_policy: "any" }, "flag reconfiguration_policy"],
    [{ gc_delay: "soon" }, "flag gc_delay"],
    [{ image_gc_config: { image_disk_headroom: 2 } }, "image_disk_headroom: a number from 0 to 1"],
    [{ image_gc_config: { image_disk_watch_interval: "1hrs" } }, "image_disk_watch_interval"],
    [{ image_gc_config: { excluded_images: [{ type: "APPC" }] } }, "excluded_images[0]: docker.name"],
  ])("%j is refused", (flags, problem) => {
    expect(() => withFlags({ ...base, flags })).toThrow(problem);
  });
});

describe("flags as an agent shows them", () => {
  const isolation: IsolationFacts = {
    driver: "process",
    cgroups: "v1",
    controllers: ["cpu", "memory"],
    switchUser: true,
    note: "",
  };
  const shown = (more: Partial<AgentEnvironment> = {}, facts: Partial<IsolationFacts> = {}) =>
    shownFlags({ ...base, policy: {}, ...more }, "/data/work", { ...isolation, ...facts });

  it("are Mesos' defaults where nothing else was said", () => {
    expect(shown()).toMatchObject({
      hostname: "127.0.0.1",
      containerizers: "mesos",
      recover: "reconnect",
      strict: "true",
      gc_delay: "1weeks",
      disk_watch_interval: "1mins",
      container_disk_watch_interval: "15secs",
      executor_registration_timeout: "1mins",
      executor_reregistration_timeout: "2secs",
      executor_shutdown_grace_period: "5secs",
      recovery_timeout: "15mins",
      registration_backoff_factor: "1secs",
      reconfiguration_policy: "equal",
      sandbox_directory: "/mnt/mesos/sandbox",
      authenticate_http_executors: "false",
    });
    expect(shown({ policy: { gcDelayMs: 90_000 } })["gc_delay"]).toBe("90secs");
  });

  it("name no isolation that is not done", () => {
    const told = (more: Partial<AgentEnvironment>, facts: Partial<IsolationFacts>) =>
      shown(more, facts)["isolation"];
    expect(told({}, {})).toBe("filesystem/linux,docker/runtime,cgroups/cpu,cgroups/mem,posix/rlimits");
    expect(told({ policy: { enforcesDisk: true } }, { cgroups: "none", noImages: "no skopeo" })).toBe(
      "filesystem/posix,posix/cpu,posix/mem,disk/du,posix/rlimits",
    );
    expect(told({}, { controllers: ["cpu"] })).toContain("posix/mem");
  });
});
