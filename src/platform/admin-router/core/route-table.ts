/** Every route of the door, as data. Source: contract platform.md section 1.1; what DC/OS did not have is below /keelson. */
import type { BroughtPart } from "#contracts/brought-parts.ts";

export type Daemon = "kernel" | "services" | "jobs" | "iam" | "secrets";

export type Target =
  /** Passed on: `strip` goes from the front of the path, or the path becomes `becomes`. */
  | { readonly kind: "daemon"; readonly daemon: Daemon; readonly strip?: string; readonly becomes?: string }
  | { readonly kind: "redirect"; readonly status: 301 | 307; readonly location: string }
  /** `/agent/<id>/…` */
  | { readonly kind: "agent" }
  /** `/service/<name>/…`, looked up. */
  | { readonly kind: "service" }
  | { readonly kind: "own"; readonly name: OwnRoute }
  /** Passed on where an operator brought that part, and missing otherwise. It gets no token and is told nobody's name. */
  | {
      readonly kind: "part";
      readonly part: BroughtPart;
      readonly what: string;
      readonly strip?: string;
      readonly becomes?: string;
    }
  /** Belongs to a part of DC/OS that is not there yet. */
  | { readonly kind: "missing"; readonly what: string }
  /** Never answered to the outside. */
  | { readonly kind: "nothing" }
  | { readonly kind: "files" };

export type OwnRoute =
  | "audit"
  | "capabilities"
  | "events"
  | "login"
  | "logs"
  | "metadata"
  | "metrics"
  | "serviceLogin"
  | "status"
  | "version";

export interface Rule {
  /** Exact unless it ends in `/`: then everything below it, and itself without the slash. */
  readonly path: string;
  /** The permission it wants (DC/OS' resource id), any user of the cluster, or nobody's. A rule without one can't be written. */
  readonly access: { readonly resource: string } | "users" | "everybody";
  readonly target: Target;
}

const token = (resource: string): { readonly resource: string } => ({
  resource: `dcos:adminrouter:${resource}`,
});
const daemon = (name: Daemon, strip = ""): Target => ({ kind: "daemon", daemon: name, strip });
const missing = (what: string): Target => ({ kind: "missing", what });
const own = (name: OwnRoute): Target => ({ kind: "own", name });
const slash = (path: string): Rule => ({
  path,
  access: "everybody",
  target: { kind: "redirect", status: 301, location: `${path}/` },
});

const acs = token("acs");
const metadata = token("ops:metadata");
const networking = token("ops:networking");
const marathon = token("service:marathon");

export const rules: readonly Rule[] = [
  { path: "/login", access: "everybody", target: own("login") },
  { path: "/acs/api/v1/auth/", access: "everybody", target: daemon("iam") },
  { path: "/acs/api/v1/internal/", access: "everybody", target: { kind: "nothing" } },
  // Everybody may see and change what is their own; identity itself says what that is.
  { path: "/acs/api/v1/users/", access: "users", target: daemon("iam") },
  { path: "/acs/api/v1/", access: acs, target: daemon("iam") },
  { path: "/acs/acl-schema.json", access: acs, target: missing("the schema of permissions") },
  { path: "/dcos-metadata/dcos-version.json", access: "everybody", target: own("version") },
  {
    path: "/dcos-metadata/ui-config.json",
    access: "everybody",
    target: { kind: "daemon", daemon: "iam", becomes: "/acs/api/v1/uiconfig/" },
  },
  { path: "/dcos-metadata/", access: metadata, target: { kind: "nothing" } },
  { path: "/metadata", access: metadata, target: own("metadata") },
  { path: "/pkgpanda/", access: metadata, target: missing("host packages") },
  slash("/mesos"),
  { path: "/mesos/", access: token("ops:mesos"), target: daemon("kernel", "/mesos") },
  { path: "/cache/master/", access: token("ops:mesos"), target: daemon("kernel", "/cache") },
  slash("/mesos_dns"),
  {
    path: "/mesos_dns/",
    access: token("ops:mesos-dns"),
    target: { kind: "part", part: "mesos-dns", what: "names (mesos-dns)", strip: "/mesos_dns" },
  },
  { path: "/internal/", access: "everybody", target: { kind: "nothing" } },
  {
    path: "/marathon",
    access: "everybody",
    target: { kind: "redirect", status: 307, location: "/marathon/" },
  },
  { path: "/marathon/", access: marathon, target: daemon("services", "/marathon") },
  {
    path: "/service/marathon",
    access: "everybody",
    target: { kind: "redirect", status: 301, location: "/service/marathon/" },
  },
  { path: "/service/marathon/", access: marathon, target: daemon("services", "/service/marathon") },
  {
    path: "/service/metronome",
    access: "everybody",
    target: { kind: "redirect", status: 301, location: "/service/metronome/" },
  },
  {
    path: "/service/metronome/",
    access: token("service:metronome"),
    target: daemon("jobs", "/service/metronome"),
  },
  { path: "/service/", access: token("service"), target: { kind: "service" } },
  { path: "/package/", access: token("package"), target: missing("packages (Cosmos)") },
  { path: "/cosmos/service/", access: token("package"), target: missing("packages (Cosmos)") },
  { path: "/capabilities", access: token("package"), target: own("capabilities") },
  { path: "/slave/", access: token("ops:slave"), target: { kind: "agent" } },
  { path: "/agent/", access: token("ops:slave"), target: { kind: "agent" } },
  { path: "/system/health/v1/", access: token("ops:system-health"), target: missing("diagnostics") },
  {
    path: "/system/checks/v1/",
    access: token("ops:system-health"),
    target: { kind: "part", part: "checks", what: "checks" },
  },
  slash("/system/v1/logs"),
  { path: "/system/v1/logs/", access: token("ops:system-logs"), target: missing("logs of components") },
  slash("/system/v1/metrics"),
  { path: "/system/v1/metrics/", access: token("ops:system-metrics"), target: missing("metrics") },
  { path: "/system/v1/agent/", access: token("system:agent"), target: missing("the door of an agent") },
  {
    path: "/system/v1/leader/mesos/",
    access: token("system:leader:mesos"),
    target: missing("logs and metrics"),
  },
  {
    path: "/system/v1/leader/marathon/",
    access: token("system:leader:marathon"),
    target: missing("logs and metrics"),
  },
  slash("/exhibitor"),
  {
    path: "/exhibitor/exhibitor/v1/cluster/status",
    access: "everybody",
    target: missing("supervision of ZooKeeper"),
  },
  { path: "/exhibitor/", access: token("ops:exhibitor"), target: missing("supervision of ZooKeeper") },
  {
    path: "/dcos-history-service/",
    access: token("ops:historyservice"),
    target: missing("the history of the cluster"),
  },
  slash("/net"),
  {
    path: "/net/",
    access: networking,
    target: { kind: "part", part: "net", what: "networking", strip: "/net" },
  },
  {
    path: "/navstar/lashup/key",
    access: networking,
    target: { kind: "part", part: "net", what: "networking", becomes: "/lashup/key" },
  },
  { path: "/networking/api/v1/", access: networking, target: missing("networking") },
  {
    path: "/dcos-ui-update-service/",
    access: token("ops:dcos-ui-update-service"),
    target: missing("updates of the console"),
  },
  // Who may what is said secret by secret, by the store itself.
  { path: "/secrets/v1/", access: "users", target: daemon("secrets") },
  { path: "/ca/api/v2/", access: token("ops:ca:ro"), target: missing("the certificate authority") },
  { path: "/cluster/v1/", access: token("cluster"), target: missing("links between clusters") },
  { path: "/licensing/v1/", access: token("licensing"), target: missing("licensing") },
  { path: "/system/v1/backup/v1/", access: token("backup"), target: missing("backups") },
  { path: "/cockroachdb/", access: token("ops:cockroachdb"), target: missing("an SQL store") },
  { path: "/nginx/status", access: "everybody", target: own("status") },
  { path: "/nginx/metrics", access: "everybody", target: own("metrics") },
  { path: "/keelson/v1/events", access: token("ops:events"), target: own("events") },
  { path: "/keelson/v1/audit", access: token("ops:audit"), target: own("audit") },
  // What agents answer one by one, so the same permission.
  { path: "/keelson/v1/logs", access: token("ops:slave"), target: own("logs") },
  { path: "/keelson/v1/login-links", access: acs, target: daemon("iam") },
  // The named host that it leads to wants the permission of its service.
  { path: "/keelson/service-login", access: "users", target: own("serviceLogin") },
  { path: "/keelson/", access: token("keelson"), target: { kind: "nothing" } },
];

export interface Found {
  readonly rule: Rule;
  /** The path as what is behind the rule sees it; for `agent` and `service` it is the whole. */
  readonly path: string;
}

const files: Rule = { path: "/", access: "everybody", target: { kind: "files" } };
const exact = new Map(rules.filter(({ path }) => !path.endsWith("/")).map((rule) => [rule.path, rule]));
/** Longest first. */
const prefixes = rules
  .filter(({ path }) => path.endsWith("/"))
  .sort((one, other) => other.path.length - one.path.length);

/** The rule for a path of `readPath`: exact ones win, then the longest prefix; what is left are files. */
export function findRule(path: string): Found {
  // A prefix is also met without its last slash: `/acs/api/v1` belongs to `/acs/api/v1/`.
  const rule =
    exact.get(path) ??
    prefixes.find((each) => path.startsWith(each.path) || `${path}/` === each.path) ??
    files;
  return { rule, path: behind(rule.target, path) };
}

function behind(target: Target, path: string): string {
  if (target.kind !== "daemon" && target.kind !== "part") return path;
  if (target.becomes !== undefined) return target.becomes;
  return path.slice((target.strip ?? "").length) || "/";
}
