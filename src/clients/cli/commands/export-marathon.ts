/** `keelson export marathon`: services and jobs as a Marathon and a Metronome would take them. */
import { writeFileSync } from "node:fs";
import { request } from "#clients/client/cluster.ts";
import { listJobs } from "#clients/client/jobs.ts";
import { marathonGroups, marathonJobs, ownFieldsIn } from "#domain/migration/index.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { Input } from "../command-line/input.ts";
import { CommandFailed, type Context } from "../context.ts";
import { roleOf } from "../migration/here.ts";
import type { View } from "../output/view.ts";

export async function exportMarathon(context: Context, input: Input): Promise<View> {
  const { cluster, say } = context;
  const get = async (path: string): Promise<JsonValue> =>
    (await request(cluster, `${cluster.services}${path}`)).body as JsonValue; // JSON of ours
  const [info, tree, listed] = await Promise.all([get("/v2/info"), get("/v2/groups"), listJobs(cluster)]);
  const shown = isJsonObject(tree) ? tree : {};
  const groups = marathonGroups(shown, roleOf(info));
  const jobs = marathonJobs(listed);
  const own = ownFieldsIn(shown);
  if (own.length > 0) context.note(say("export.ownFields", { names: own.join(", ") }));
  const out = input.text("out");
  const files = out === undefined ? [] : writeAll(context, out, groups, jobs);
  if (out === undefined && jobs.length > 0 && !context.json)
    context.note(say("export.jobsToo", { count: jobs.length }));
  const names = [...idsIn(groups), ...jobs.map(({ id }) => String(id))];
  return {
    kind: "text",
    data: { groups, jobs },
    names,
    text: () =>
      out === undefined
        ? JSON.stringify(groups, undefined, 2)
        : say("export.written", {
            services: names.length - jobs.length,
            jobs: jobs.length,
            files: files.join(", "),
          }),
  };
}

/** Jobs stand in a file of their own, as they have an API of their own. */
function writeAll(
  context: Context,
  out: string,
  groups: JsonObject,
  jobs: readonly JsonObject[],
): readonly string[] {
  write(context, out, groups);
  if (jobs.length === 0) return [out];
  const jobsFile = `${out.replace(/\.json$/, "")}.jobs.json`;
  write(context, jobsFile, jobs);
  return [out, jobsFile];
}

/** What services are given may be secret: nobody else reads it. */
function write({ say }: Context, path: string, value: JsonValue): void {
  try {
    writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new CommandFailed(say("file.unwritable", { path, problem: errorMessage(error) }));
  }
}

function idsIn(group: JsonObject): readonly string[] {
  const objects = (value: JsonValue | undefined): readonly JsonObject[] =>
    Array.isArray(value) ? value.filter(isJsonObject) : [];
  return [
    ...[...objects(group["apps"]), ...objects(group["pods"])].map(({ id }) => String(id)),
    ...objects(group["groups"]).flatMap(idsIn),
  ];
}
