import { describe, expect, it } from "vitest";
import { knownResources } from "#domain/authorization/index.ts";
import { findRule, rules } from "./route-table.ts";

const brief = (path: string): string => {
  const { rule, path: behind } = findRule(path);
  const { target, access } = rule;
  const where =
    target.kind === "part"
      ? `${target.part} ${behind}`
      : target.kind === "daemon"
        ? `${target.daemon} ${behind}`
        : target.kind === "own"
          ? target.name
          : target.kind === "redirect"
            ? `${target.status} ${target.location}`
            : target.kind;
  return `${access === "everybody" ? "U" : "A"} ${where}`;
};

describe("the routes of the door", () => {
  it.each([
    ["/", "U files"],
    ["/assets/index-abc.js", "U files"],
    ["/MESOS/state", "U files"],
    ["/mesosish/state", "U files"],
    ["/mesos;x/state", "U files"],
    ["/login", "U login"],
    ["/acs/api/v1/auth/login", "U iam /acs/api/v1/auth/login"],
    ["/acs/api/v1/users", "A iam /acs/api/v1/users"],
    ["/acs/api/v1", "A iam /acs/api/v1"],
    ["/acs/api/v1/internal/policyquery", "U nothing"],
    ["/acs/api/v1/internal", "U nothing"],
    ["/acs/api/v1/authx", "A iam /acs/api/v1/authx"],
    ["/dcos-metadata/ui-config.json", "U iam /acs/api/v1/uiconfig/"],
    ["/dcos-metadata/dcos-version.json", "U version"],
    ["/dcos-metadata/other.json", "A nothing"],
    ["/metadata", "A metadata"],
    ["/mesos", "U 301 /mesos/"],
    ["/mesos/", "A kernel /"],
    ["/mesos/state", "A kernel /state"],
    ["/cache/master/state", "A kernel /master/state"],
    ["/marathon", "U 307 /marathon/"],
    ["/marathon/v2/apps", "A services /v2/apps"],
    ["/service/marathon", "U 301 /service/marathon/"],
    ["/service/marathon/v2/apps//a", "A services /v2/apps//a"],
    ["/service/marathonish/x", "A service"],
    ["/service/a/b/c", "A service"],
    ["/service", "A service"],
    ["/agent/x-S0/state", "A agent"],
    ["/slave/x-S0", "A agent"],
    ["/internal/acs/x", "U nothing"],
    ["/exhibitor", "U 301 /exhibitor/"],
    ["/exhibitor/exhibitor/v1/cluster/status", "U missing"],
    ["/exhibitor/other", "A missing"],
    ["/mesos_dns", "U 301 /mesos_dns/"],
    ["/mesos_dns/v1/hosts/a", "A mesos-dns /v1/hosts/a"],
    ["/system/checks/v1", "A checks /system/checks/v1"],
    ["/system/checks/v1/node", "A checks /system/checks/v1/node"],
    ["/net/", "A net /"],
    ["/net/v1/vips", "A net /v1/vips"],
    ["/navstar/lashup/key", "A net /lashup/key"],
    ["/package/list", "A missing"],
    ["/nginx/status", "U status"],
    ["/keelson/v1/events", "A events"],
    ["/keelson/v1/audit", "A audit"],
    ["/keelson/v1/login-links", "A iam /keelson/v1/login-links"],
    ["/keelson/v1/other", "A nothing"],
    ["/keelson/service-login", "A serviceLogin"],
  ])("%s is %s", (path, expected) => {
    expect(brief(path)).toBe(expected);
  });

  it("are each met by their own path, and no two have the same", () => {
    for (const rule of rules) expect(findRule(rule.path).rule).toBe(rule);
    expect(new Set(rules.map(({ path }) => path)).size).toBe(rules.length);
  });

  it("ask for resources that are known", () => {
    const asked = rules.flatMap(({ access }) => (typeof access === "object" ? [access.resource] : []));
    expect(asked.filter((resource) => !knownResources.includes(resource))).toEqual([]);
  });
});
