/** The master that leads: at the address that was given, or as ZooKeeper has it. */
import { masterUrlIn } from "#contracts/kernel/master-node.ts";
import { followLeader, type LeaderAddress } from "#foundation/election/index.ts";

/** `given` is `http://host:port` or `zk://…`. */
export const leadingMaster = (given: string, sessionTimeoutMs: number | undefined): Promise<LeaderAddress> =>
  followLeader({
    given,
    flag: "--master",
    shape: "mesos",
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
    read: masterUrlIn("http"),
  });
