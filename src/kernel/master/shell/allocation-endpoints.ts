/** Roles, frameworks, quota, and why somebody is or is not offered something, for clients of our own. */
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { ErrorCode } from "#contracts/errors.ts";
import {
  explainFramework,
  explainRole,
  type FrameworkItem,
  listFrameworks,
  listRoles,
  type OfferVerdict,
  type RoleItem,
  removeQuota,
  setQuota,
} from "#contracts/kernel/allocation-endpoints.ts";
import { isMessageKey, type Language, text } from "#contracts/messages/messages.ts";
import { Resources } from "#domain/resources/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { type ListQuery, type ListShape, listWindow } from "#foundation/base/list-window.ts";
import type { EndpointSet, Principal } from "#foundation/http/index.ts";
import {
  amountsOf,
  explainOffers,
  type FrameworkRecord,
  holdersOn,
  judgementsMax,
  type MasterState,
  type QuotaChange,
  type Reply,
  type VerdictFacts,
} from "../core/index.ts";
import type { QuotaPort } from "./quota-calls.ts";
import { numbersOf, type RoleSums, roleSums } from "./roles.ts";

/** Frameworks that one question about a role explains. */
const frameworksExplainedMax = 20;

export interface AllocationPorts {
  /** The state as somebody may see it. */
  readonly visible: (principal: Principal) => MasterState;
  readonly quota: QuotaPort;
  readonly now: () => number;
}

export function addAllocationEndpoints(
  endpoints: EndpointSet,
  { visible, quota, now }: AllocationPorts,
): EndpointSet {
  const change = async (principal: Principal, role: string, asked: QuotaChange): Promise<RoleItem> => {
    const reply = await quota.change(asked, principal);
    if (reply.problem !== undefined) throw new CodedError(codeOf(reply), reply.problem);
    const state = visible(principal);
    return roleItem(state, sumsOf(state, role));
  };
  return endpoints
    .add(listFrameworks, ({ query, request }) => frameworkList(visible(request.principal), query))
    .add(explainFramework, ({ params, query, request }) => {
      const state = visible(request.principal);
      const framework = state.frameworks.get(params.id);
      if (framework === undefined) throw new CodedError("NotFound", `there is no framework ${params.id}`);
      const agentsMax = Math.ceil(judgementsMax / Math.max(1, framework.roles.length));
      return {
        frameworkId: framework.id,
        connected: framework.connection !== undefined,
        outstandingOffers: framework.offers.size,
        roles: explainOffers(state, framework, agentsMax, (role) => framework.roles.includes(role)).map(
          (facts) => withText(facts, query.language, now()),
        ),
      };
    })
    .add(listRoles, ({ query, request }) => roleList(visible(request.principal), query))
    .add(explainRole, ({ query, request }) =>
      roleExplanation(visible(request.principal), query.role, query.language, now()),
    )
    .add(setQuota, ({ params: { role }, body: { guarantees = {}, limits = {}, force = false }, request }) =>
      change(request.principal, role, {
        kind: "update",
        configs: [{ role, guarantees: scalars(guarantees), limits: scalars(limits) }],
        force,
      }),
    )
    .add(removeQuota, ({ params: { role }, request }) =>
      change(request.principal, role, { kind: "remove", role }),
    );
}

const codes = { notFound: "NotFound", conflict: "Conflict", forbidden: "Forbidden" } as const;

const codeOf = ({ cause }: Reply): ErrorCode => (cause === undefined ? "Invalid" : codes[cause]);

const scalars = (amounts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, { value }]));

function roleExplanation(
  state: MasterState,
  role: string,
  language: Language | undefined,
  now: number,
): ReplyOf<typeof explainRole> {
  const sums = roleSums(state).find(({ name }) => name === role);
  const isWithin = (other: string): boolean => other === role || other.startsWith(`${role}/`);
  const frameworks = [...state.frameworks.values()].filter(({ roles }) => roles.some(isWithin));
  if (sums === undefined && frameworks.length === 0)
    throw new CodedError(
      "NotFound",
      `there is no role ${role}: nothing is subscribed to it, reserved for it or set on it`,
    );
  const { guarantees, limits, consumed } = sums ?? sumsOf(state, role);
  const missing = (wanted: number, name: string): number =>
    Math.max(0, wanted - (consumed.get(name) ?? 0)) / 1000;
  const shown = frameworks.slice(0, frameworksExplainedMax);
  const agentsMax = Math.ceil(judgementsMax / Math.max(1, shown.length));
  return {
    role: roleItem(state, sums ?? sumsOf(state, role)),
    lacking: Object.fromEntries(
      [...guarantees].map(([name, wanted]) => [name, missing(wanted, name)]).filter(([, lack]) => lack !== 0),
    ),
    room: Object.fromEntries([...limits].map(([name, most]) => [name, missing(most, name)])),
    frameworks: shown.flatMap((framework) =>
      explainOffers(state, framework, agentsMax, isWithin).map((facts) => withText(facts, language, now)),
    ),
    total: frameworks.length,
  };
}

function withText(
  { verdict, parameters }: VerdictFacts,
  language: Language = "en",
  now: number,
): OfferVerdict {
  const until = Number(parameters["until"]);
  const given = { ...parameters, seconds: until === 0 ? 0 : Math.max(0, Math.ceil((until - now) / 1000)) };
  const remedy = `offers.${verdict.reason}.remedy`;
  return {
    ...verdict,
    text: text(language, `offers.${verdict.reason}`, given),
    ...(isMessageKey(remedy) ? { remedy: text(language, remedy, given) } : {}),
  };
}

const none: Omit<RoleSums, "name"> = {
  weight: 1,
  frameworks: [],
  allocated: Resources.empty,
  offered: Resources.empty,
  reserved: Resources.empty,
  guarantees: new Map(),
  limits: new Map(),
  consumed: new Map(),
};

const sumsOf = (state: MasterState, role: string): RoleSums =>
  roleSums(state).find(({ name }) => name === role) ?? { name: role, ...none };

function roleItem(state: MasterState, sums: RoleSums): RoleItem {
  const { name, weight, frameworks, allocated, offered, reserved, guarantees, limits, consumed } = sums;
  return {
    name,
    weight,
    share: state.allocator.shareOf(name),
    frameworks: frameworks.length,
    used: amountsOf(allocated),
    offered: amountsOf(offered),
    reserved: amountsOf(reserved),
    guarantees: numbersOf(guarantees),
    limits: numbersOf(limits),
    consumed: numbersOf(consumed),
  };
}

const roleShape = (state: MasterState): ListShape<RoleSums> => ({
  words: ({ name }) => [name],
  fields: {
    name: ({ name }) => name,
    weight: ({ weight }) => weight,
    share: ({ name }) => state.allocator.shareOf(name),
    frameworks: ({ frameworks }) => frameworks.length,
    quota: ({ guarantees, limits }) => guarantees.size + limits.size > 0,
  },
  tieBreak: ({ name }) => name,
});

function roleList(state: MasterState, query: ListQuery): ReplyOf<typeof listRoles> {
  const { items, total } = listWindow(roleSums(state), query, roleShape(state));
  return { items: items.map((sums) => roleItem(state, sums)), total };
}

const frameworkShape: ListShape<FrameworkRecord> = {
  words: ({ id, info, roles }) => [id, info.name, ...roles],
  fields: {
    id: ({ id }) => id,
    name: ({ info }) => info.name,
    state: stateOf,
    role: ({ roles }) => roles,
    tasks: ({ tasks }) => tasks.size,
    offers: ({ offers }) => offers.size,
    registeredAt: ({ registeredAt }) => registeredAt,
  },
  tieBreak: ({ info, id }) => `${info.name} ${id}`,
};

function frameworkList(state: MasterState, query: ListQuery): ReplyOf<typeof listFrameworks> {
  const { items, total } = listWindow(state.frameworks.values(), query, frameworkShape);
  return { items: items.map(frameworkItem), total };
}

function stateOf({ connection, isRecovered }: FrameworkRecord): FrameworkItem["state"] {
  if (connection !== undefined) return "connected";
  return isRecovered ? "recovered" : "disconnected";
}

function frameworkItem(framework: FrameworkRecord): FrameworkItem {
  const { id, info, roles, suppressed, tasks, offers, registeredAt } = framework;
  const used = [...holdersOn(framework)].map(({ resources }) => resources);
  return {
    id,
    name: info.name,
    state: stateOf(framework),
    roles: [...roles],
    suppressedRoles: [...suppressed],
    tasks: tasks.size,
    offers: offers.size,
    used: amountsOf(Resources.sum(used)),
    offered: amountsOf(Resources.sum([...offers.values()].map(({ resources }) => resources))),
    hostname: info.hostname ?? "",
    registeredAt,
  };
}
