/**
 * `keelson import marathon`: apps, pods, groups and jobs of a Marathon or a DC/OS, with a report of all that is different here.
 *
 * Nothing is changed before everything was read, translated, planned and allowed. Services come in one deployment, so that
 * what depends on others waits for them; jobs follow one by one, parents first, each told.
 */
import { createScheduledJob, replaceScheduledJob } from "#clients/client/jobs.ts";
import { applyChange, planChange } from "#contracts/services/own-endpoints.ts";
import type { Plan } from "#contracts/services/plan.ts";
import {
  definitionsOf,
  dependencyFindings,
  type Finding,
  isRefusal,
  type Migration,
  portFindings,
  readSource,
  translate,
  withoutClashes,
} from "#domain/migration/index.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { Input } from "../command-line/input.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withLock } from "../lock.ts";
import { type Here, isHere, readHere, secretKey } from "../migration/here.ts";
import { readOutside, withoutPassword } from "../migration/outside.ts";
import { type ImportReport, type Outcome, reportData, reportText } from "../migration/report.ts";
import { concludeChange } from "../verdict.ts";

interface Prepared {
  readonly migration: Migration;
  readonly definitions: JsonObject[];
  readonly report: ImportReport;
}

export async function importMarathon(context: Context, input: Input): Promise<ExitCode> {
  const prepared = await prepare(context, input);
  const { report } = prepared;
  const { services, jobs } = report;
  const refusal = refusalOf(context, input, report);
  const isNothing = [services.create, services.replace, jobs.create, jobs.replace].every(
    (ids) => ids.length === 0,
  );
  const isDone = isNothing && report.plan?.isEmpty !== false;
  if (input.isOn("dry-run") || refusal !== undefined || isDone) {
    const verdict = refusal !== undefined ? "refused" : isDone ? "noChange" : "planned";
    await tell(context, report, verdict);
    if (refusal !== undefined) context.warn(refusal);
    else if (isDone) context.note(context.say("import.nothing"));
    return refusal !== undefined ? exitCodes.refused : isDone ? exitCodes.ok : exitCodes.change;
  }
  context.note(reportText(context, report));
  const replaced = [...services.replace, ...jobs.replace];
  if (replaced.length > 0)
    await confirm(context, {
      effect: context.say("confirm.importReplaces", { count: replaced.length, names: replaced.join(", ") }),
    });
  return await carryOut(context, input, prepared);
}

async function prepare(context: Context, input: Input): Promise<Prepared> {
  const outside = await readOutside(context, input);
  const here = await readHere(context);
  const { marathonVersion } = outside;
  const translated = translate(readSource(outside.files), {
    role: here.role,
    enforcesRole: (top) => here.enforcing.has(top),
    marathonVersion,
  });
  const migration = withoutClashes(translated, here);
  const definitions = definitionsOf(migration, (id) => isHere(here, id));
  const plan =
    definitions.length === 0
      ? undefined
      : await context.connection.call("services", planChange, {
          query: { language: context.language },
          body: { definitions },
        });
  const coming = new Set(migration.services.map(({ id }) => id));
  const staying = new Map([...here.ports].filter(([, id]) => !coming.has(id)));
  const report: ImportReport = {
    source: { from: input.all("from").map(withoutPassword), marathonVersion },
    services: serviceOutcome(migration, plan, here),
    jobs: jobOutcome(migration, here),
    findings: [
      ...migration.findings.filter((finding) => !isSecretHere(finding, here)),
      ...dependencyFindings(migration, (id) => isHere(here, id)),
      ...portFindings(migration.services, staying),
    ],
    plan,
  };
  return { migration, definitions, report };
}

const isSecretHere = ({ code, was }: Finding, { secrets }: Here): boolean =>
  code === "secret" && typeof was === "string" && secrets.has(secretKey(was));

function serviceOutcome({ findings }: Migration, plan: Plan | undefined, here: Here): Outcome {
  const planned = plan?.services ?? [];
  const ids = (test: (service: Plan["services"][number]) => boolean): readonly string[] =>
    planned.filter(test).map(({ id }) => id);
  return {
    create: ids(({ effect, id }) => effect === "create" && !isHere(here, id)),
    replace: ids(({ effect, id }) => effect !== "unchanged" && isHere(here, id)),
    unchanged: ids(({ effect }) => effect === "unchanged"),
    refused: refusedIds(findings, "service"),
  };
}

function jobOutcome({ jobs, findings }: Migration, here: Here): Outcome {
  const isSame = (id: string): boolean => {
    const [one, other] = [jobs.find((job) => job.id === id), here.jobs.get(id)];
    return JSON.stringify(one?.parsed) === JSON.stringify(other?.parsed);
  };
  const ids = jobs.map(({ id }) => id);
  const present = ids.filter((id) => here.jobs.has(id));
  return {
    create: ids.filter((id) => !here.jobs.has(id)),
    replace: present.filter((id) => !isSame(id)),
    unchanged: present.filter(isSame),
    refused: refusedIds(findings, "job"),
  };
}

const refusedIds = (findings: Migration["findings"], kind: "service" | "job"): readonly string[] => [
  ...new Set(findings.filter((each) => each.kind === kind && isRefusal(each)).map(({ id }) => id)),
];

/** Why nothing may be done with these flags; undefined when it may. */
function refusalOf({ say }: Context, input: Input, { services, jobs }: ImportReport): string | undefined {
  const present = [...services.replace, ...jobs.replace];
  const refused = [...services.refused, ...jobs.refused];
  const reasons = [
    ...(present.length > 0 && !input.isOn("replace")
      ? [say("import.present", { count: present.length, names: present.join(", ") })]
      : []),
    ...(refused.length > 0 && !input.isOn("partial")
      ? [say("import.partly", { count: refused.length, names: refused.join(", ") })]
      : []),
  ];
  return reasons.length === 0 ? undefined : [...reasons, say("confirm.refused")].join("\n");
}

async function tell(context: Context, report: ImportReport, verdict: string): Promise<void> {
  await context.result({
    text: reportText(context, report),
    data: { ...reportData(context, report), verdict },
    name: namesOf(report),
  });
}

const namesOf = ({ services, jobs }: ImportReport): string =>
  [...services.create, ...services.replace, ...jobs.create, ...jobs.replace].join("\n");

interface DoneJobs {
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly message: string }[];
}

async function carryOut(context: Context, input: Input, prepared: Prepared): Promise<ExitCode> {
  const { report } = prepared;
  const { say } = context;
  const deploymentId = await applyServices(context, input, prepared);
  const jobs = await applyJobs(context, prepared);
  const changed = [...report.services.create, ...report.services.replace];
  const data = {
    ...reportData(context, report),
    ...(deploymentId === undefined ? {} : { deploymentId }),
    done: { services: deploymentId === undefined ? [] : changed, jobs: jobs.done, failedJobs: jobs.failed },
  };
  const isFollowed = deploymentId !== undefined && !input.isOn("no-wait");
  if (isFollowed) {
    const verdict = await concludeChange(context, input, {
      deployment: deploymentId,
      services: changed,
      data,
    });
    if (verdict !== exitCodes.ok) return verdict;
  }
  const text =
    jobs.failed.length > 0
      ? say("import.jobsFailed", {
          services: changed.length,
          jobs: jobs.done.length,
          failed: jobs.failed.map(({ id, message }) => `\n  ${id}: ${message}`).join(""),
        })
      : say(isFollowed || deploymentId === undefined ? "import.done" : "import.accepted", {
          services: changed.length,
          jobs: jobs.done.length,
          deployment: deploymentId ?? "-",
        });
  const verdict =
    jobs.failed.length > 0 ? "partial" : isFollowed || deploymentId === undefined ? "succeeded" : "accepted";
  await context.result({ text, data: { ...data, verdict }, name: namesOf(report) });
  return jobs.failed.length > 0 ? exitCodes.change : exitCodes.ok;
}

/** One deployment for all of them; refused when anything moved since it was planned. */
async function applyServices(
  context: Context,
  input: Input,
  { definitions, report }: Prepared,
): Promise<string | undefined> {
  const { plan } = report;
  if (plan === undefined || plan.isEmpty) return undefined;
  const message = input.text("message") ?? `import from ${report.source.from.join(", ")}`;
  const { deploymentId } = await withLock(context, input, ({ force }) =>
    context.connection.call("services", applyChange, {
      query: { language: context.language },
      body: { definitions, basis: plan.basis, message: message.slice(0, 1_000), ...(force ? { force } : {}) },
    }),
  );
  if (deploymentId !== undefined)
    context.note(
      context.say("import.services.taken", { count: plan.services.length, deployment: deploymentId }),
    );
  return deploymentId;
}

/** One that fails keeps none of the others back. */
async function applyJobs(context: Context, { migration, report }: Prepared): Promise<DoneJobs> {
  const { create, replace } = report.jobs;
  const done: string[] = [];
  const failed: { readonly id: string; readonly message: string }[] = [];
  const wanted = migration.jobs.filter(({ id }) => create.includes(id) || replace.includes(id));
  for (const { id, body } of wanted) {
    try {
      if (replace.includes(id)) await replaceScheduledJob(context.cluster, id, body);
      else await createScheduledJob(context.cluster, body);
      done.push(id);
      context.note(context.say("import.job.taken", { id, number: done.length, count: wanted.length }));
    } catch (error) {
      failed.push({ id, message: errorMessage(error) });
    }
  }
  return { done, failed };
}
