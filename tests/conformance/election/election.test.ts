/** Candidates over a real ZooKeeper: who leads, who follows, and what a leader loses with its session. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type Closable,
  followLeader,
  type OverCause,
  openCandidacy,
  type Seat,
} from "#foundation/election/index.ts";
import { openStore } from "#foundation/store/index.ts";
import { ZooKeeperSession } from "#foundation/store/zookeeper-session.ts";
import { eventually } from "../../harness/cluster.ts";
import { startZooKeeper, type ZooKeeperServer, zooKeeperMissing } from "../store/zookeeper-server.ts";

/** Longer than anything may stand still here. */
const sessionTimeoutMs = 60_000;
/** Of who only looks, and looks again by itself. */
const lookerTimeoutMs = 6_000;

interface Candidate {
  readonly name: string;
  readonly candidacy: Closable;
  seat: Seat | undefined;
  leader: string | undefined;
  over: OverCause | undefined;
  standsBy: boolean;
}

describe.skipIf(zooKeeperMissing() !== undefined)("on ZooKeeper an election", { timeout: 120_000 }, () => {
  let server: ZooKeeperServer;
  let groups = 0;
  const open: Closable[] = [];
  beforeAll(async () => {
    server = await startZooKeeper();
  }, 120_000);
  afterAll(() => server?.remove());
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  const nextPlace = (): string => {
    groups += 1;
    return `zk://${server.address}/election-${groups}`;
  };
  async function stand(name: string, zk: string, secret = "shared"): Promise<Candidate> {
    const candidate: { -readonly [Key in keyof Candidate]: Candidate[Key] } = {
      name,
      candidacy: { close: () => Promise.resolve() },
      seat: undefined,
      leader: undefined,
      over: undefined,
      standsBy: true,
    };
    candidate.candidacy = await openCandidacy({
      zk,
      shape: "mesos",
      data: name,
      secret,
      sessionTimeoutMs,
      standby: {
        close: async () => {
          candidate.standsBy = false;
        },
      },
      onLeader: (leader) => {
        candidate.leader = leader;
      },
      lead: async (seat) => {
        await seat.take();
        candidate.seat = seat;
        return { close: () => Promise.resolve() };
      },
      onOver: (cause) => {
        candidate.over = cause;
      },
    });
    open.push(candidate.candidacy);
    return candidate;
  }
  async function session(): Promise<ZooKeeperSession> {
    const opened = new ZooKeeperSession({
      servers: server.address,
      sessionTimeoutMs,
      operationDeadlineMs: 10_000,
      onLost: () => undefined,
    });
    await opened.connected();
    open.push({ close: async () => opened.close() });
    return opened;
  }
  const leads = (candidate: Candidate): Promise<Seat> =>
    eventually(`${candidate.name} leads (or is over: ${candidate.over})`, () => candidate.seat);

  it("has one leader whom everybody knows, and the next when that one leaves", async () => {
    const zk = nextPlace();
    const first = await stand("first", zk);
    await leads(first);
    expect(first.standsBy).toBe(false);
    const second = await stand("second", zk);
    const third = await stand("third", zk);
    for (const each of [second, third]) await eventually(`${each.name} knows`, () => each.leader === "first");
    expect([second.seat, third.seat, second.standsBy]).toEqual([undefined, undefined, true]);
    await (await leads(first)).resign();
    await Promise.race([leads(second), leads(third)]);
    const [next, other] = second.seat === undefined ? [third, second] : [second, third];
    await eventually("the other knows the next", () => other.leader === next.name);
    expect([other.seat, first.over, other.over]).toEqual([undefined, undefined, undefined]);
  });

  it("is told to those who only look, over a server that goes and comes back", async () => {
    const zk = nextPlace();
    const seen: (string | undefined)[] = [];
    const address = await followLeader({
      given: zk,
      flag: "--master",
      shape: "mesos",
      sessionTimeoutMs: lookerTimeoutMs,
      read: (data) => `http://${data}`,
    });
    open.push(address);
    address.onMoved((url) => seen.push(url));
    expect(address.url()).toBeUndefined();
    const first = await stand("first", zk);
    await eventually("the first is seen", () => address.url() === "http://first");
    await server.kill();
    await eventually("nobody is known", () => address.url() === undefined);
    await server.start();
    await eventually("the first is seen again", () => address.url() === "http://first");
    await stand("second", zk);
    await (await leads(first)).resign();
    await eventually("the second is seen", () => address.url() === "http://second");
    expect(seen.filter((url, at) => url !== seen[at - 1])).toEqual(seen);
  });

  it("lets nobody write who has led before, and gives the next everything that was written", async () => {
    const zk = nextPlace();
    const first = await stand("first", zk);
    const store = await openStore((await leads(first)).store, { onLost: () => undefined });
    await store.commit([{ kind: "put", key: "a", value: 1 }]);
    const second = await stand("second", zk);
    await eventually("the second knows", () => second.leader === "first");
    // Its node goes under it, as with a session that ended while the process stood still.
    const place = new URL(zk.replace("zk:", "http:")).pathname;
    const other = await session();
    const nodes = (await other.children(place)) ?? [];
    const lowest = nodes.filter((name) => name.startsWith("json.info_")).sort()[0] ?? "";
    expect(await other.remove(`${place}/${lowest}`)).toBe("ok");
    await expect(store.commit([{ kind: "put", key: "a", value: 2 }])).rejects.toMatchObject({
      code: "StorageFailed",
      message: expect.stringContaining("gone"),
    });
    await eventually("the first is over", () => first.over === "lost");
    const next = await openStore((await leads(second)).store, { onLost: () => undefined });
    expect((await next.get("a"))?.value).toBe(1);
    await next.commit([{ kind: "put", key: "a", value: 3 }]);
    await Promise.all([store.close(), next.close()]);
  });

  it("is over for who has another secret than the first had", async () => {
    const zk = nextPlace();
    const first = await stand("first", zk);
    await leads(first);
    const stranger = await stand("stranger", zk, "another");
    await eventually("it is over", () => stranger.over === "failed");
    const second = await stand("second", zk);
    await eventually("the second knows", () => second.leader === "first");
    expect([stranger.seat, first.over, second.over]).toEqual([undefined, undefined, undefined]);
  });

  it("is over at once for whom no server answers, and refuses an address that is none", async () => {
    await expect(stand("nobody", "zk://localhost")).rejects.toThrow("--zk");
    const alone = await stand("alone", "zk://127.0.0.1:1/nowhere");
    await eventually("it is over", () => alone.over === "unreachable" || alone.over === "lost");
    expect(alone.seat).toBeUndefined();
  });
});
