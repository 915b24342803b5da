/** Lists of ids that some calls end tasks by. Source: Marathon v2 API (contract marathon.md sections 2.4 and 2.5). */
import { type Static, Type } from "../schema.ts";

const Ids = Type.Array(Type.String(), { maxItems: 100_000 });

/** Body of POST /v2/tasks/delete. */
export const TaskIdsInput = Type.Object({ ids: Ids });
export type TaskIdsInput = Static<typeof TaskIdsInput>;

/** Body of DELETE /v2/pods/{id}::instances. */
export const InstanceIdsInput = Ids;
export type InstanceIdsInput = Static<typeof InstanceIdsInput>;
