/**
 * `keelson why`: what keeps a service, instance, task or deployment from being as wished, or what a job and its runs
 * wait for; the true cause first.
 */
import { servicePath } from "#clients/client/services.ts";
import type { ReplyOf } from "#contracts/endpoint.ts";
import { explainJob } from "#contracts/jobs/own-endpoints.ts";
import { explainWhy } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { meant } from "../command-line/parse.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { namingJob, whenNext } from "../jobs.ts";
import { isNotFound } from "../naming.ts";
import type { View } from "../output/view.ts";
import { nextLine, reasonLines } from "../reason-text.ts";
import { noSuchService } from "../services.ts";

/** Of a service, or else of the job of that name. */
export async function why(context: Context, input: Input): Promise<View> {
  const name = input.word(0);
  const { connection, language } = context;
  const asked = await connection
    .call("services", explainWhy, { query: { name, language } })
    .catch(async (error: unknown) => {
      if (!isNotFound(error)) throw error;
      const job = name.includes("/") ? undefined : await jobAnswer(context, name);
      if (job !== undefined) return jobView(context, job);
      if (name.includes("/") || !name.includes(".")) throw await noSuchService(context, servicePath(name));
      throw new CommandFailed(context.say("why.unknown", { name, ...meant([]) }), exitCodes.notFound);
    });
  return "kind" in asked && asked.kind === "text" ? asked : serviceView(context, asked as ServiceAnswer);
}

type ServiceAnswer = ReplyOf<typeof explainWhy>;

function serviceView(context: Context, answer: ServiceAnswer): View {
  return {
    kind: "text",
    data: answer,
    names: answer.reasons.map(({ code }) => code),
    text: (options) =>
      [
        ...answer.reasons.flatMap((reason) => reasonLines(context, reason, options)),
        ...(answer.reasons.length === 0 ? [context.say("why.asWished", { name: answer.id })] : []),
        ...(answer.wanted === undefined || answer.running === undefined
          ? []
          : [context.say("why.counts", { name: answer.id, running: answer.running, wanted: answer.wanted })]),
        ...nextLine(
          context,
          answer.reasons.flatMap(({ commands }) => commands),
        ),
      ].join("\n"),
  };
}

export async function jobWhy(context: Context, input: Input): Promise<View> {
  const name = input.word(0);
  const answer = await namingJob(context, name, () =>
    context.connection.call("jobs", explainJob, { query: { name, language: context.language } }),
  );
  return jobView(context, answer);
}

type JobAnswer = ReplyOf<typeof explainJob>;

/** Undefined where no job and no run is called so, or nobody answers for jobs. */
async function jobAnswer({ connection, language }: Context, name: string): Promise<JobAnswer | undefined> {
  try {
    return await connection.call("jobs", explainJob, { query: { name, language } });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function jobView(context: Context, answer: JobAnswer): View {
  const { reasons, nextRunAt, id } = answer;
  const next = whenNext(context, nextRunAt);
  return {
    kind: "text",
    data: answer,
    names: reasons.map(({ code }) => code),
    text: (options) =>
      [
        ...reasons.flatMap((reason) => reasonLines(context, reason, options)),
        ...(reasons.length === 0 ? [context.say("why.asWished", { name: id })] : []),
        ...(next === undefined ? [] : [context.say("why.nextRun", { name: answer.job, next })]),
        ...nextLine(
          context,
          reasons.flatMap(({ commands }) => commands),
        ),
      ].join("\n"),
  };
}
