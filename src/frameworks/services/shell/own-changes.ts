/** Plan, apply and roll back, below `/keelson/v1`. */
import type { Language } from "#contracts/messages/messages.ts";
import { text } from "#contracts/messages/messages.ts";
import { applyChange, planChange, rollbackService } from "#contracts/services/own-endpoints.ts";
import type { Plan } from "#contracts/services/plan.ts";
import type { EndpointSet } from "#foundation/http/index.ts";
import type { PlanFacts } from "../core/index.ts";
import type { OwnContext } from "./context.ts";
import { refusalError, rethrow } from "./own-failures.ts";
import { demandChange, noteOf } from "./request-notes.ts";
import type { RequestEvent } from "./requests.ts";
import { wishOf } from "./wished-definitions.ts";

export function addOwnChanges(endpoints: EndpointSet, context: OwnContext): void {
  const { own, options } = context;
  endpoints
    .add(planChange, async ({ body, query: { language = "en" } }) =>
      telling(async () => {
        const wish = wishOf(body, options);
        demandWish(context, { kind: "applyChange", wish, force: false });
        const plan = own.plan(wish, await planOptions(context));
        if ("code" in plan) throw refusalError(plan);
        return planWithText(plan, language);
      }),
    )
    .add(applyChange, async ({ body, query: { language = "en" } }) =>
      telling(async () => {
        const { basis, message, force = false } = body;
        const wish = wishOf(body, options);
        const { known } = await planOptions(context);
        const applied = await send(context, {
          kind: "applyChange",
          wish,
          force,
          ...(basis === undefined ? {} : { basis }),
          ...(known === undefined ? {} : { known }),
          ...(message === undefined ? {} : { origin: { message } }),
        });
        const { deploymentId, version, plan } = applied;
        return {
          ...(deploymentId === undefined ? {} : { deploymentId }),
          ...(version === undefined ? {} : { version }),
          plan: planWithText(plan, language),
        };
      }),
    )
    .add(rollbackService, async ({ params, body, query: { language = "en" } }) =>
      telling(async () => {
        const { version, message, withInstances = false, force = false, dryRun = false } = body;
        const wish = {
          appId: `/${params.id.replace(/^\/+|(?<!\/)\/+$/g, "")}`,
          withInstances,
          ...(version === undefined ? {} : { version }),
        };
        demandWish(context, { kind: "rollBack", force: false, ...wish });
        const planned = own.planRollback(wish, await planOptions(context));
        if ("code" in planned) throw refusalError(planned);
        if (dryRun) return { version: planned.version, plan: planWithText(planned.plan, language) };
        const { known } = await planOptions(context);
        const { deploymentId, plan } = await send(context, {
          kind: "rollBack",
          ...wish,
          version: planned.version,
          force,
          ...(known === undefined ? {} : { known }),
          ...(message === undefined ? {} : { origin: { message } }),
        });
        return {
          ...(deploymentId === undefined ? {} : { deploymentId }),
          version: planned.version,
          plan: planWithText(plan, language),
        };
      }),
    );
}

async function send(context: OwnContext, event: RequestEvent) {
  const result = await context.requests.send(event);
  if (result.kind === "applied") return result;
  throw new Error(`a change was expected to be applied, not ${result.kind}`);
}

/** A plan shows what its change would do: it wants the same permissions. */
function demandWish({ queries }: OwnContext, event: RequestEvent): void {
  demandChange(event, noteOf(event, queries), queries);
}

async function telling<Reply>(work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    return rethrow(error);
  }
}

/** Places are what a plan is asked for: the master is asked about its agents each time. */
async function planOptions({ now, nodes }: OwnContext) {
  const known = await nodes.read();
  return { now: now(), known, nodesMax: 0 };
}

function planWithText(plan: PlanFacts, language: Language): Plan {
  return {
    ...plan,
    services: plan.services.map((service) => ({
      ...service,
      warnings: service.warnings.map(({ code, parameters }) => ({
        code,
        message: text(language, `plan.warning.${code}`, parameters),
      })),
    })),
  };
}
