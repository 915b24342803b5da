/** Real definitions: ours in `own/`, and those that users of Marathon and Metronome wrote, where that folder is at hand. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type AppDefinition,
  DefinitionInvalid,
  type GroupRequest,
  isGroupBody,
  isPodBody,
  parseApp,
  parseGroup,
  parsePod,
  ShapeInvalid,
} from "#domain/definitions/index.ts";
import { isJobBody, type ParsedJob, parseJob } from "#domain/jobs/index.ts";

const own = fileURLToPath(new URL("own", import.meta.url));
const shared = resolve(
  process.env["KEELSON_DEFINITIONS"] ??
    fileURLToPath(new URL("../../../shared/data/definitions", import.meta.url)),
);

export interface DefinitionFile {
  readonly name: string;
  readonly body: unknown;
}

export const ownDefinitions = (): readonly DefinitionFile[] => read(own);
export const hasSharedDefinitions = (): boolean => existsSync(shared);
export const sharedDefinitions = (): readonly DefinitionFile[] =>
  hasSharedDefinitions() ? read(shared) : [];

function read(folder: string): readonly DefinitionFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      return { name, body: parseOrText(text) };
    });
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const options = { defaultRole: "slave_public" };

export type Verdict =
  | { readonly kind: "accepted"; readonly app: AppDefinition }
  | { readonly kind: "accepted"; readonly group: GroupRequest }
  | { readonly kind: "accepted"; readonly job: ParsedJob }
  | { readonly kind: "refused"; readonly fields: readonly string[] };

/** What our parser says of a definition. Anything but these two is a bug and is thrown. */
export function judge(body: unknown): Verdict {
  try {
    if (isJobBody(body)) return { kind: "accepted", job: parseJob(body) };
    if (isPodBody(body)) return { kind: "accepted", app: parsePod(body, options) };
    if (isGroupBody(body)) return { kind: "accepted", group: parseGroup(body, "/", options) };
    return { kind: "accepted", app: parseApp(body, options) };
  } catch (error) {
    if (error instanceof ShapeInvalid || error instanceof DefinitionInvalid) {
      return {
        kind: "refused",
        fields: error.details.map(({ path, errors }) => `${path}: ${errors.join("; ")}`),
      };
    }
    throw error;
  }
}

/** Why a definition of somebody may be refused: what this version can't give, and what no Marathon would take either. */
const explained: readonly RegExp[] = [
  /is not supported by this version of Keelson$/,
  // Both ways to a port, two spellings of one thing, an update beside an app that may be there once, no address.
  /: HealthCheck must specify either a port or a portIndex\.$/,
  /: cannot be given together with /,
  /: a single instance app needs /,
  /\/uri: URI has invalid syntax\.$/,
  // Options that have no default leave a hole; some files are there to be refused.
  /^\/[\w()/]*: error\.(minLength|pattern|path\.missing|expected\.\w+|min|unknown\.enum\.literal)\b/,
  /^\/: An app has either 'cmd' or 'args' to run\.$/,
];

/** `/path: error`, as `judge` tells it. */
export const isExplained = (field: string): boolean => explained.some((pattern) => pattern.test(field));
