/**
 * Why an app is not as wished, beside it in Marathon's answers: the embed value `keelson.why` of `/v2/queue`, of an app and of
 * lists of apps. Marathon ignores values that it does not know (ADR 0154 has the names).
 */
import type { Language } from "#contracts/messages/messages.ts";
import { ArgumentInvalid } from "#domain/definitions/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { withText } from "#frameworks/base/shell/reason-text.ts";
import type { OwnContext } from "./context.ts";
import { explainOptions } from "./own-routes.ts";

/** What an app gets beside its other fields; nothing where it was not asked for. */
export type WhyOf = (id: string) => JsonObject;

const embedName = "keelson.why";
const languageName = "keelson.language";
/** Apps that one answer explains. */
const explainedMax = 500;
/** Nodes whose verdicts an app has in a list; one that is asked for by itself has more. */
const nodesInLists = 10;
const nodesOfOne = 100;

/** `id`: the only app that is asked about. Throws `ArgumentInvalid`. */
export async function whyOf(context: OwnContext, query: URLSearchParams, id?: string): Promise<WhyOf> {
  if (!query.getAll("embed").includes(embedName)) return () => ({});
  const language = languageOf(query);
  const options = await explainOptions(context, id === undefined ? nodesInLists : nodesOfOne);
  const pulls = id === undefined ? undefined : await context.pulls.read(context.own.agentsPulling(id));
  let explained = 0;
  return (name) => {
    explained += 1;
    if (explained > explainedMax)
      throw new ArgumentInvalid(
        `embed=${embedName} explains at most ${explainedMax} apps at once: ask for fewer, with keelson.limit where there is one`,
      );
    const found = context.own.explain(name, { ...options, ...(pulls === undefined ? {} : { pulls }) });
    const reasons = found === undefined || found.isAsWished ? [] : found.reasons;
    return { why: reasons.map((reason) => ({ ...withText(reason, language) })) as never };
  };
}

function languageOf(query: URLSearchParams): Language {
  const given = query.get(languageName) ?? "en";
  if (given === "en" || given === "zh") return given;
  throw new ArgumentInvalid(`${languageName} is en or zh, not ${JSON.stringify(given.slice(0, 100))}`);
}
