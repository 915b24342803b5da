/**
 * What is to be moved in: a Marathon and a Metronome that live somewhere, alone or behind the door of a DC/OS, or files with what they
 * answered. Everything is bounded, and nothing is taken for an answer that does not look like one.
 */
import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
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
  trustAuthority(context, input);
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
  const isLiving = from.some((each) => /^https?:\/\//.test(each));
  if (isLiving && !files.some(({ name }) => name.endsWith("/v1/jobs")))
    context.note(context.say("import.noJobsThere", { from: from.map(withoutPassword).join(", ") }));
  return { files, marathonVersion };
}

/** For messages: what opens a door is not shown. */
export const withoutPassword = (from: string): string => from.replace(/^(https?:\/\/)[^/@]*@/, "$1");

/** A cluster of one's own mostly has an authority of its own, which nobody else knows. */
function trustAuthority({ say }: Context, input: Input): void {
  const path = input.text("ca-file");
  if (path === undefined) return;
  try {
    setDefaultCACertificates([...getCACertificates("default"), readFileSync(path, "utf8")]);
  } catch (error) {
    throw new CommandFailed(
      say("file.unreadable", { path, problem: errorMessage(error) }),
      exitCodes.refused,
    );
  }
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
  let sentTo: string | undefined;
  const get = async (url: string): Promise<JsonValue | undefined> => {
    const answer = await ask(context, url, headers);
    sentTo ??= answer.sentTo;
    return answer.body;
  };
  const read = (name: string, content: JsonValue): void => {
    files.push({ name, content });
    context.note(context.say("import.read", { url: name }));
  };
  for (const path of marathonPaths) {
    const base = `${address.base}${path}`;
    const tree = await get(`${base}/v2/groups?${embeds}`);
    if (!isJsonObject(tree) || typeof tree["id"] !== "string") continue;
    read(`${base}/v2/groups`, tree);
    const info = await get(`${base}/v2/info`);
    if (isJsonObject(info) && typeof info["version"] === "string") marathonVersion = info["version"];
    // Before groups showed them, pods stood in a list of their own.
    const pods = showsPods(tree) ? undefined : await get(`${base}/v2/pods`);
    if (Array.isArray(pods)) read(`${base}/v2/pods`, pods);
    break;
  }
  for (const path of metronomePaths) {
    const url = `${address.base}${path}/v1/jobs`;
    const jobs = await get(`${url}?embed=schedules`);
    if (!Array.isArray(jobs)) continue;
    read(url, jobs);
    break;
  }
  if (files.length > 0) return { files, marathonVersion };
  throw new CommandFailed(
    sentTo === undefined
      ? context.say("import.nothingThere", { url: address.base })
      : context.say("import.sentOn", { url: address.base, to: sentTo }),
    exitCodes.notFound,
  );
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

interface Asked {
  /** Undefined: there is nothing of the kind. */
  readonly body?: JsonValue;
  /** Where it sends who asks. What says who asks would not go along there, and a page to log in at is no answer. */
  readonly sentTo?: string;
}

/** Throws for who may not ask, for what can't be reached, and for what is there and fails: it would be missing in the end. */
async function ask(
  { say }: Context,
  address: string,
  headers: Readonly<Record<string, string>>,
): Promise<Asked> {
  const url = address.replace(/\?.*/, "");
  const failed = (problem: string, exitCode: ExitCode): CommandFailed =>
    new CommandFailed(say("import.unreachable", { url, problem }), exitCode);
  let text: string;
  try {
    const answer = await fetch(address, {
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      const { status } = answer;
      if (status === 401 || status === 403) throw notLetIn(say, url, status, headers);
      if (status >= 500) throw failed(`HTTP ${status}`, exitCodes.unreachable);
      const location = answer.headers.get("location");
      // What serves nothing below this path answers it in its own way.
      return status >= 300 && status < 400 && location !== null && URL.canParse(location, url)
        ? { sentTo: new URL(location, url).origin + new URL(location, url).pathname }
        : {};
    }
    text = await bounded(answer);
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    const { cause } = error instanceof Error ? error : {};
    if (isUntrusted(cause))
      throw new CommandFailed(
        say("import.untrusted", {
          url,
          problem: cause.message.replace(/;.*/, ""),
          origin: new URL(url).origin,
        }),
        exitCodes.refused,
      );
    throw failed(errorMessage(cause ?? error), exitCodes.unreachable);
  }
  try {
    return { body: JSON.parse(text) as JsonValue };
  } catch {
    return {};
  }
}

const notLetIn = (
  say: Context["say"],
  url: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): CommandFailed =>
  new CommandFailed(
    say(headers["authorization"] === undefined ? "import.notLetIn" : "import.tokenRefused", { url, status }),
    exitCodes.refused,
  );

/** OpenSSL's words for a certificate that nobody here vouches for. */
const isUntrusted = (cause: unknown): cause is Error =>
  cause instanceof Error &&
  "code" in cause &&
  /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(String(cause.code));

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
