/** Rows 30, 32 and 81 of the Mesos checklist: offer constraints, the timeout of offers, and regions, on a real master. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { DomainInfo, SchedulerOfferConstraints } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import { frameworkInfo, type SchedulerClient } from "./scheduler-client.ts";

const domain = (region: string): DomainInfo => ({
  fault_domain: { region: { name: region }, zone: { name: "one" } },
});

let world: KernelProcesses;
let open: SchedulerClient[] = [];
beforeAll(async () => {
  world = await KernelProcesses.start({ offerTimeoutMs: 4_000 }, { domain: domain("home") });
  await world.startAgent("a", { attributes: "rack:r1", domain: domain("home") });
  await world.startAgent("b", { attributes: "rack:r2" });
  await world.startAgent("far", { attributes: "rack:r1", domain: domain("away") });
}, 240_000);
afterAll(() => world?.close(), 240_000);
afterEach(async () => {
  for (const scheduler of open.splice(0)) if (!scheduler.isClosed) await scheduler.teardown();
});

async function subscribe(...options: Parameters<KernelProcesses["subscribe"]>): Promise<SchedulerClient> {
  const scheduler = await world.subscribe(...options);
  open = [...open, scheduler];
  return scheduler;
}

/** Hosts of every offer that ever came. */
const hostsOf = ({ events }: SchedulerClient): readonly string[] =>
  [
    ...new Set(
      events
        .flatMap(({ offers }) => offers?.offers ?? [])
        .map(({ hostname }) => hostname.replace(".test", "")),
    ),
  ].sort();

function matching(selector: object, regex: string): SchedulerOfferConstraints {
  const attribute_constraints = [{ selector, predicate: { text_matches: { regex } } }];
  return { role_constraints: { "*": { groups: [{ attribute_constraints }] } } };
}

it("mesos.md§8#30 constraints on an attribute, and after an update on the host name, decide who is offered", async () => {
  const scheduler = await subscribe({}, { constraints: matching({ attribute_name: "rack" }, "r[2-9]") });
  await eventually("the agent that fits is offered", () => hostsOf(scheduler).length > 0);
  expect(hostsOf(scheduler)).toEqual(["b"]);
  const constraints = matching({ pseudoattribute_type: "HOSTNAME" }, "a[.]test");
  const framework_info = { ...frameworkInfo({}), id: { value: scheduler.frameworkId } };
  const update = { framework_info, offer_constraints: constraints };
  expect((await scheduler.send("UPDATE_FRAMEWORK", { update_framework: update })).status).toBe(200);
  await eventually("the other is offered", () => hostsOf(scheduler).includes("a"));
  const { frameworks } = (await world.get("/frameworks")) as { readonly frameworks: readonly object[] };
  expect(frameworks).toMatchObject([{ offer_constraints: constraints }]);
  const bad = { framework_info, offer_constraints: matching({ attribute_name: "rack" }, "r(") };
  const refused = await scheduler.send("UPDATE_FRAMEWORK", { update_framework: bad });
  expect([refused.status, refused.text]).toEqual([
    400,
    expect.stringContaining("not a valid regular expression"),
  ]);
  const stranger = await subscribe({}, { mayBeRefused: true, constraints: bad.offer_constraints });
  expect(stranger.events[0]?.error?.message).toContain("not a valid regular expression");
  await stranger.untilClosed();
});

it("mesos.md§8#32 an offer nobody answers is rescinded after the timeout, and comes again", async () => {
  const scheduler = await subscribe();
  const [first] = await scheduler.until("offers", () => {
    const offers = scheduler.offers();
    return offers.length === 0 ? undefined : offers;
  });
  await scheduler.until("the rescinding", () =>
    scheduler.events.find(({ rescind }) => rescind?.offer_id.value === first?.id.value),
  );
  await scheduler.until("another offer of it", () =>
    scheduler
      .offers()
      .find(({ agent_id, id }) => agent_id.value === first?.agent_id.value && id !== first.id),
  );
});

it("mesos.md§8#81 an agent of another region is offered with REGION_AWARE only; domains are checked on registration", async () => {
  const plain = await subscribe();
  await eventually("the near ones are offered", () => hostsOf(plain).length === 2);
  expect(hostsOf(plain)).toEqual(["a", "b"]);
  const aware = await subscribe({ capabilities: [{ type: "MULTI_ROLE" }, { type: "REGION_AWARE" }] });
  await eventually("the far one is offered", () => hostsOf(aware).includes("far"));
  const offer = await aware.offer(({ hostname }) => hostname === "far.test");
  expect(offer.domain).toEqual(domain("away"));
  const state = (await world.get("/state")) as { readonly domain: DomainInfo; readonly leader_info: object };
  expect([state.domain, state.leader_info]).toEqual([
    domain("home"),
    expect.objectContaining({ domain: domain("home") }),
  ]);
});
