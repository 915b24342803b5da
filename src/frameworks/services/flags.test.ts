import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import { withFlags } from "./flags.ts";
import type { ServicesEnvironment } from "./main.ts";

const base: ServicesEnvironment = {
  host: "127.0.0.1",
  port: 0,
  dataDir: "/data",
  masterUrl: "http://127.0.0.1:5050",
  policy: { hostname: "here", maxVersions: 7 },
};

describe("flags of Services", () => {
  it("marathon.md§21 become settings by Marathon's names and units, before what else was given", () => {
    const flags: JsonValue = {
      mesos_role: "web",
      checkpoint: true,
      suppress_offers: "on",
      accepted_resource_roles_default_behavior: "reserved",
      new_group_enforce_role: "top",
      local_port_min: 30_000,
      local_port_max: "31000",
      max_running_deployments: 3,
      draining_seconds: 60,
      decline_offer_duration: 5_000,
      zk_max_versions: 9,
      http_max_concurrent_requests: 12,
    };
    expect(withFlags({ ...base, flags })).toMatchObject({
      requestsMax: 12,
      policy: {
        hostname: "here",
        role: "web",
        acceptedRolesDefault: "reserved",
        newGroupEnforceRole: "top",
        servicePortMin: 30_000,
        servicePortMax: 31_000,
        maxRunningDeployments: 3,
        drainingMs: 60_000,
        declineMs: 5_000,
        maxVersions: 9,
      },
    });
    expect(withFlags(base)).toBe(base);
  });

  it.each<[JsonValue, string]>([
    [{ plugin_dir: "/x" }, "there is no flag plugin_dir here; there are framework_name, mesos_role"],
    [[], "flags are an object"],
    [{ checkpoint: false }, "flag checkpoint: only true is supported"],
    [{ max_running_deployments: 0 }, "flag max_running_deployments: 0 is not"],
    [{ local_port_max: 70_000 }, "flag local_port_max: 70000 is no port"],
    [{ local_port_min: 25_000 }, "flag local_port_min: 25000 is above local_port_max, 20000"],
    [{ new_group_enforce_role: true }, "flag new_group_enforce_role: true is none of off, top"],
    [{ gpu_scheduling_behavior: "maybe" }, 'flag gpu_scheduling_behavior: "maybe" is none of restricted'],
  ])("%j is refused", (flags, problem) => {
    expect(() => withFlags({ ...base, flags })).toThrow(problem);
  });
});
