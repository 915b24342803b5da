/** The address of a leader, given as such or as the place in ZooKeeper where it is found. */
import type { Closable } from "./candidacy.ts";
import type { GroupShape } from "./core/candidates.ts";
import { openLeaderFinder } from "./open.ts";
import { isZooKeeperUrl } from "./zookeeper-url.ts";

export interface LeaderAddress extends Closable {
  /** `http://host:port`; undefined while nobody is known to lead. */
  url(): string | undefined;
  /** Told of each change from now on. */
  onMoved(listener: (url: string | undefined) => void): void;
}

export interface LeaderAddressOptions {
  /** `http://host:port`, which never changes, or `zk://…`. */
  readonly given: string;
  /** The flag that has it. */
  readonly flag: string;
  readonly shape: GroupShape;
  readonly sessionTimeoutMs?: number;
  /** What a leader's node says of its address. */
  readonly read: (data: string) => string | undefined;
}

/** Throws `Invalid` for a `zk://…` that is none. */
export async function followLeader(options: LeaderAddressOptions): Promise<LeaderAddress> {
  const { given, flag, shape, sessionTimeoutMs, read } = options;
  if (!isZooKeeperUrl(given))
    return { url: () => given, onMoved: () => undefined, close: () => Promise.resolve() };
  const listeners: ((url: string | undefined) => void)[] = [];
  let now: string | undefined;
  const finder = await openLeaderFinder({
    zk: given,
    flag,
    shape,
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
    onLeader: (data) => {
      now = data === undefined ? undefined : read(data);
      for (const listener of listeners) listener(now);
    },
  });
  return {
    url: () => now,
    onMoved: (listener) => void listeners.push(listener),
    close: () => finder.close(),
  };
}
