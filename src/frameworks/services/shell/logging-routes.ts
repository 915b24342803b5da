/** `/logging`: what is logged, and a change of it for a while. Source: contract marathon.md section 2.5. */
import { type FieldProblem, ShapeInvalid } from "#domain/definitions/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { type HttpServer, json } from "#foundation/http/index.ts";
import type { LogLevel, Verbosity } from "#foundation/telemetry/index.ts";
import { readBody } from "./answers.ts";
import { guarded } from "./app-routes.ts";

/** Levels of the original; we have nothing finer than debug. */
const levels: ReadonlyMap<string, LogLevel> = new Map([
  ["trace", "debug"],
  ["debug", "debug"],
  ["info", "info"],
  ["warn", "warn"],
  ["error", "error"],
]);
const secondsMax = 86_400;
/** There is one logger; every name stands for it. */
const rootLogger = "ROOT";

interface LoggerChange {
  readonly logger: string;
  readonly level: string;
  readonly durationSeconds?: number;
}

/** Every field that is not as the contract has it. */
function problemsOf(asked: unknown): readonly FieldProblem[] {
  if (typeof asked !== "object" || asked === null || Array.isArray(asked))
    return [{ path: "/", errors: ["error.expected.jsobject"] }];
  const { logger, level, durationSeconds: seconds } = asked as { readonly [name: string]: unknown };
  const problems: FieldProblem[] = [];
  const text = (path: string, value: unknown): boolean => {
    if (typeof value === "string") return true;
    problems.push({ path, errors: [value === undefined ? "error.path.missing" : "error.expected.jsstring"] });
    return false;
  };
  if (text("/logger", logger) && logger === "")
    problems.push({ path: "/logger", errors: ["error.minLength"] });
  if (text("/level", level) && !levels.has(String(level).toLowerCase()))
    problems.push({ path: "/level", errors: ["error.unknown.enum.literal"] });
  if (seconds !== undefined && typeof seconds !== "number")
    problems.push({ path: "/durationSeconds", errors: ["error.expected.jsnumber"] });
  else if (seconds !== undefined && !(seconds > 0 && seconds <= secondsMax))
    problems.push({ path: "/durationSeconds", errors: [seconds > 0 ? "error.max" : "error.min"] });
  return problems;
}

export function addLoggingRoutes(server: HttpServer, verbosity: Verbosity): void {
  server.route({
    method: "GET",
    path: "/logging",
    handler: guarded(() => json({ [rootLogger]: verbosity.level })),
  });
  server.route({
    method: "POST",
    path: "/logging",
    handler: guarded(({ body }) => {
      const asked = readBody(body);
      const problems = problemsOf(asked);
      if (problems.length > 0) throw new ShapeInvalid(problems);
      const { level, durationSeconds: seconds } = asked as LoggerChange;
      verbosity.set(
        levels.get(level.toLowerCase()) ?? "info",
        seconds === undefined ? undefined : seconds * 1_000,
      );
      return json(asked as JsonValue);
    }),
  });
}
