/** `zk://host:port,host:port/path`, as the flags `--zk` and `--master` of Mesos and Marathon have it. */
import { CodedError } from "#foundation/base/errors.ts";

export interface ZooKeeperUrl {
  /** `host:port,host:port` */
  readonly servers: string;
  /** `/mesos`; never `/`. */
  readonly path: string;
}

const scheme = "zk://";
const defaultPort = 2181;

export const isZooKeeperUrl = (url: string): boolean => url.startsWith(scheme);

/** Throws `Invalid` with what is wrong. `flag` is named in it. */
export function parseZooKeeperUrl(url: string, flag: string): ZooKeeperUrl {
  const refuse = (problem: string): never => {
    throw new CodedError("Invalid", `${flag}: ${problem}; write it as zk://host:2181,host:2181/path`);
  };
  if (!isZooKeeperUrl(url)) return refuse(`"${url}" does not begin with ${scheme}`);
  const rest = url.slice(scheme.length);
  const slash = rest.indexOf("/");
  const hosts = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? "" : rest.slice(slash).replace(/\/$/, "");
  if (hosts.includes("@")) return refuse("a user and password for ZooKeeper are not supported");
  if (!/^(\/[A-Za-z0-9._-]+)+$/.test(path)) return refuse(`"${path}" is no path of a node below the root`);
  const servers = hosts.split(",").map((host) => {
    const [, name = "", port = String(defaultPort)] =
      /^([A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?$/.exec(host.trim()) ?? [];
    if (name === "" || Number(port) < 1 || Number(port) > 65_535)
      return refuse(`"${host}" is no host with a port`);
    return `${name}:${port}`;
  });
  return { servers: servers.join(","), path };
}

/** Node below that of Marathon's and Metronome's `zk://…` that candidates are in. */
export const latchFolder = "leader-curator";

export interface ZooKeeperPlaces {
  readonly masters: string;
  readonly services: string;
  readonly jobs: string;
}

/** Where the parts of one cluster stand for election, below one `zk://host:port` or `zk://host:port/path`. */
export const zooKeeperPlaces = (zk: string): ZooKeeperPlaces => {
  const below = zk.replace(/\/$/, "");
  return { masters: `${below}/mesos`, services: `${below}/marathon`, jobs: `${below}/metronome` };
};
