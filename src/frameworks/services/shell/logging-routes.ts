/** `/logging`: what is logged, and a change of it for a while. Source: contract marathon.md section 2.5. */
import { RequestInvalid } from "#domain/definitions/index.ts";
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
      if (typeof asked !== "object" || asked === null || Array.isArray(asked))
        throw new RequestInvalid('the body must be {"logger", "level", "durationSeconds"?}');
      const { logger, level, durationSeconds: seconds } = asked as { readonly [name: string]: unknown };
      if (typeof logger !== "string" || logger === "")
        throw new RequestInvalid("logger: the name of a logger, such as ROOT");
      const ours = typeof level === "string" ? levels.get(level.toLowerCase()) : undefined;
      if (ours === undefined)
        throw new RequestInvalid(
          `level: one of ${[...levels.keys()].join(", ")}, not ${JSON.stringify(level)}`,
        );
      if (seconds !== undefined && !(typeof seconds === "number" && seconds > 0 && seconds <= secondsMax))
        throw new RequestInvalid(`durationSeconds: more than 0 and at most ${secondsMax}`);
      verbosity.set(ours, seconds === undefined ? undefined : (seconds as number) * 1_000);
      return json(asked);
    }),
  });
}
