/**
 * What is to be moved in: a Marathon and a Metronome that live somewhere, alone or behind the door of a DC/OS, or files with what they
 * answered. Everything is bounded, and nothing is taken for an answer that does not look like one.
 */
import { readFileSync } from "node:fs";
import type { SourceFile } from "#domain/migration/index.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { CommandFailed, type Context } from "../context.ts";
import { filesOf } from "../definition-file.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";

/** One answer or file. */
const bytesMax = 268_435_456;
const timeoutMs = 120_000;
/** Where a DC/OS has them behind its door; alone they are where the address says. */
const marathonPaths = ["", "/service/marathon", "/marathon"] as const;
const metronomePaths = ["", "/service/metronome"] as const;
/** Whoever asks for less gets less: versions differ in what they show unless they are asked. */
const embeds = ["group.groups", "group.apps", "group.pods"].map((each) => `embed=${each}`).join("&");

export interface Outside {
  readonly files: readonly SourceFile[];
  /** As it says itself; of files nobody knows. */
  readonly marathonVersion: string | undefined;
}

/** Throws `CommandFailed` with the address or the file. */
export async function readOutside(context: Context, input: Input): Promise<Outside> {
  const from = input.all("from");
  if (from.length === 0) throw new UsageError("import.noSource", {}, input.path);
  const token = tokenOf(context, input);
  const files: SourceFile[] = [];
  let marathonVersion: string | undefined;
  for (const each of from) {
    if (!/^https?:\/\//.test(each)) {
      files.push(...readFiles(context, each));
      continue;
    }
    const living = await readLiving(context, each, token);
    files.push(...living.files);
    marathonVersion ??= living.marathonVersion;
  }
  return { files, marathonVersion };
}

function tokenOf({ environment }: Context, input: Input): string | undefined {
  if (input.isOn("token-stdin")) return readFileSync(0, "utf8").trim();
  return input.text("token") ?? environment["KEELSON_IMPORT_TOKEN"];
}

function readFiles(context: Context, path: string): readonly SourceFile[] {
  const { say } = context;
  return filesOf(context, [path]).map((name): SourceFile => {
    let text: string;
    try {
      text = readFileSync(name === "-" ? 0 : name, "utf8");
    } catch (error) {
      throw new CommandFailed(
        say("file.unreadable", { path: name, problem: errorMessage(error) }),
        exitCodes.notFound,
      );
    }
    if (Buffer.byteLength(text) > bytesMax)
      throw new CommandFailed(say("file.unreadable", { path: name, problem: `> ${bytesMax} bytes` }));
    try {
      return { name, content: JSON.parse(text) as JsonValue };
    } catch (error) {
      throw new CommandFailed(
        say("file.unreadable", { path: name, problem: errorMessage(error) }),
        exitCodes.refused,
      );
    }
  });
}

async function readLiving(context: Context, given: string, token: string | undefined): Promise<Outside> {
  const address = addressOf(context, given);
  const headers = {
    accept: "application/json",
    ...(address.basic === undefined ? {} : { authorization: `Basic ${address.basic}` }),
    ...(token === undefined ? {} : { authorization: `token=${token}` }),
  };
  const files: SourceFile[] = [];
  let marathonVersion: string | undefined;
  for (const path of marathonPaths) {
    const base = `${address.base}${path}`;
    const tree = await get(context, `${base}/v2/groups?${embeds}`, headers);
    if (!isJsonObject(tree) || typeof tree["id"] !== "string") continue;
    files.push({ name: `${base}/v2/groups`, content: tree });
    const info = await get(context, `${base}/v2/info`, headers);
    if (isJsonObject(info) && typeof info["version"] === "string") marathonVersion = info["version"];
    // Before groups showed them, pods stood in a list of their own.
    const pods = showsPods(tree) ? undefined : await get(context, `${base}/v2/pods`, headers);
    if (Array.isArray(pods)) files.push({ name: `${base}/v2/pods`, content: pods });
    break;
  }
  for (const path of metronomePaths) {
    const url = `${address.base}${path}/v1/jobs`;
    const jobs = await get(context, `${url}?embed=schedules`, headers);
    if (!Array.isArray(jobs)) continue;
    files.push({ name: url, content: jobs });
    break;
  }
  if (files.length === 0)
    throw new CommandFailed(context.say("import.nothingThere", { url: address.base }), exitCodes.notFound);
  return { files, marathonVersion };
}

const showsPods = (group: JsonObject): boolean =>
  Array.isArray(group["pods"]) ||
  (Array.isArray(group["groups"]) &&
    group["groups"].some((below: JsonValue) => isJsonObject(below) && showsPods(below)));

/** A name and a password in an address are a Marathon's own credentials. */
function addressOf(
  { say }: Context,
  given: string,
): { readonly base: string; readonly basic: string | undefined } {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new CommandFailed(say("config.badUrl", { url: given }), exitCodes.usage);
  }
  const { username, password } = url;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const basic = username === "" ? undefined : Buffer.from(credentials).toString("base64");
  return { base: `${url.origin}${url.pathname}`.replace(/\/+$/, ""), basic };
}

/** Undefined: there is nothing of the kind. Throws for who may not ask and for what can't be reached. */
async function get(
  { say }: Context,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<JsonValue | undefined> {
  const failed = (problem: string, exitCode: ExitCode): CommandFailed =>
    new CommandFailed(say("import.unreachable", { url, problem }), exitCode);
  let text: string;
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    if (answer.status === 401 || answer.status === 403) {
      await answer.body?.cancel();
      throw new CommandFailed(say("import.notLetIn", { url, status: answer.status }), exitCodes.refused);
    }
    // What serves nothing below this path answers it in its own way.
    if (!answer.ok && answer.status !== 503) {
      await answer.body?.cancel();
      return undefined;
    }
    if (answer.status === 503) throw failed(`HTTP ${answer.status}`, exitCodes.unreachable);
    text = await bounded(answer);
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : errorMessage(error);
    throw failed(cause, exitCodes.unreachable);
  }
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

async function bounded(answer: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > bytesMax) throw new Error(`> ${bytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
