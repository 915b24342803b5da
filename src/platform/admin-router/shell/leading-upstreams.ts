/** The daemons behind the door, where several of each may be started and one leads. */
import { masterUrlIn } from "#contracts/kernel/master-node.ts";
import { followLeader, latchFolder, zooKeeperPlaces } from "#foundation/election/index.ts";
import type { Upstreams } from "../config.ts";

export interface LeadingUpstreams {
  /** Looked at anew for each request: of each the one that leads now, or else the one that was given. */
  readonly upstreams: Upstreams;
  close(): Promise<void>;
}

/** `zk`: the place below which they stand for election. */
export async function leadingUpstreams(given: Upstreams, zk: string | undefined): Promise<LeadingUpstreams> {
  if (zk === undefined) return { upstreams: given, close: () => Promise.resolve() };
  const places = zooKeeperPlaces(zk);
  const latch = (place: string): ReturnType<typeof followLeader> =>
    followLeader({
      given: `${place}/${latchFolder}`,
      flag: "--zk",
      shape: "latch",
      read: (node) => `http://${node}`,
    });
  const [kernel, services, jobs] = await Promise.all([
    followLeader({ given: places.masters, flag: "--zk", shape: "mesos", read: masterUrlIn("http") }),
    latch(places.services),
    latch(places.jobs),
  ]);
  return {
    upstreams: {
      get kernel() {
        return kernel.url() ?? given.kernel;
      },
      get services() {
        return services.url() ?? given.services;
      },
      get jobs() {
        return jobs.url() ?? given.jobs;
      },
      iam: given.iam,
      secrets: given.secrets,
    },
    close: async () => {
      await Promise.all([kernel.close(), services.close(), jobs.close()]);
    },
  };
}
