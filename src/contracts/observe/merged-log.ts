/**
 * The logs of many tasks in one stream, for clients that can't hold many connections open: `POST /keelson/v1/logs` at the
 * door, which follows each at its agent (`contracts/kernel/agent-streams.ts`) and tells them as server-sent events. A comment
 * line every 10 s is the heartbeat. What breaks behind the door is taken up again behind what was told; when the door or the
 * line to it breaks, the client asks again with its cursors. Each byte comes once.
 */
import type { LogEvents } from "../kernel/agent-streams.ts";
import { type Static, Type } from "../schema.ts";

export const mergedLogPath = "/keelson/v1/logs";
/** Fifty instances have a hundred: stdout and stderr of each. */
export const mergedLogSourcesMax = 200;

export const MergedLogRequest = Type.Object({
  sources: Type.Array(
    Type.Object({
      agentId: Type.String({ minLength: 1, maxLength: 1_000 }),
      taskId: Type.String({ minLength: 1, maxLength: 1_000 }),
      /** Path in the sandbox, such as `stdout`. */
      file: Type.String({ minLength: 1, maxLength: 1_000 }),
      /** Goes on behind it; wins over `lines`. */
      cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
      /** Begins that many lines before the end. */
      lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
    }),
    { minItems: 1, maxItems: mergedLogSourcesMax },
  ),
});
export type MergedLogRequest = Static<typeof MergedLogRequest>;

/** `data:` of each event. `source` is a place in the request. */
export type MergedLogEvent =
  | {
      [Name in keyof LogEvents]: {
        readonly source: number;
        readonly kind: Name;
        /** Behind this event. */
        readonly cursor?: string | undefined;
        readonly value: LogEvents[Name];
      };
    }[keyof LogEvents]
  /** The agent refuses, and asking again would not help. Nothing more comes of this source. */
  | { readonly source: number; readonly kind: "refused"; readonly status: number; readonly body: unknown };
