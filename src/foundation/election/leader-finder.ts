/** Where the leader of a group is, over sessions that come and go: for those who call it and never stand themselves. */
import { nodeTimers, type TimerHandle } from "#foundation/runtime/index.ts";
import type { GroupShape } from "./core/candidates.ts";
import { defaultSessionTimeoutMs, ElectionGroup } from "./group.ts";
import { parseZooKeeperUrl } from "./zookeeper-url.ts";

export interface LeaderFinderOptions {
  readonly zk: string;
  /** The flag that has it, for what is wrong with it. */
  readonly flag: string;
  readonly shape: GroupShape;
  readonly sessionTimeoutMs?: number;
  /** What the leader's node holds; undefined: nobody leads, or ZooKeeper does not answer. */
  readonly onLeader: (data: string | undefined) => void;
}

const againMs = 1_000;

/** Throws `Invalid` for a `zk` that is none. */
export function findLeader(options: LeaderFinderOptions): { close(): Promise<void> } {
  const { flag, shape, onLeader, sessionTimeoutMs = defaultSessionTimeoutMs } = options;
  const place = parseZooKeeperUrl(options.zk, flag);
  let timer: TimerHandle | undefined;
  let isClosed = false;
  let known: string | undefined;
  let group = open();

  function open(): ElectionGroup {
    const opened = new ElectionGroup({
      place,
      shape,
      sessionTimeoutMs,
      onLeader: (leader) => tell(leader?.data),
      onLost: () => again(),
    });
    opened.open().catch(async () => {
      await opened.close();
      again();
    });
    return opened;
  }
  function tell(data: string | undefined): void {
    if (isClosed || data === known) return;
    known = data;
    onLeader(data);
  }
  /** Who is cut off from ZooKeeper cannot know whether the one it knew still leads. */
  function again(): void {
    if (isClosed || timer !== undefined) return;
    tell(undefined);
    timer = nodeTimers.set(againMs, () => {
      timer = undefined;
      group = open();
    });
  }

  return {
    close: async () => {
      isClosed = true;
      if (timer !== undefined) nodeTimers.cancel(timer);
      await group.close();
    },
  };
}
