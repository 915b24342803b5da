/**
 * A group as clients send it to PUT or POST. What lies in it is checked level by level, apps as `app.ts` says.
 * Source: Marathon v2 API, group update (contract marathon.md section 2.3).
 */
import { type Static, Type } from "../schema.ts";
import { PathInput } from "./app.ts";

const Inside = Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: 100_000 });

export const GroupUpdateInput = Type.Object({
  /** Starts from where the body is sent to; needed for a group inside another. */
  id: Type.Optional(Type.Union([Type.Enum(["/"]), PathInput])),
  apps: Type.Optional(Inside),
  groups: Type.Optional(Inside),
  /** Paths of apps or groups, absolute or from this group. */
  dependencies: Type.Optional(Type.Array(Type.String())),
  enforceRole: Type.Optional(Type.Boolean()),
  /** Alone: the group as it was. */
  version: Type.Optional(Type.String()),
  /** Alone: each app below gets so many times its instances. */
  scaleBy: Type.Optional(Type.Number({ minimum: 0 })),
});
export type GroupUpdateInput = Static<typeof GroupUpdateInput>;

/** Body of PATCH. */
export const GroupPatchInput = Type.Object({ enforceRole: Type.Boolean() });
export type GroupPatchInput = Static<typeof GroupPatchInput>;
