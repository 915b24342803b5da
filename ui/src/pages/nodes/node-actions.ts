/** What can be decided about a node as it stands. */
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";

export type NodeAction = "drain" | "deactivate" | "reactivate" | "decommission" | "gone";

export function actionsFor({ state, standing }: Pick<NodeItem, "state" | "standing">): readonly NodeAction[] {
  if (standing === "gone") return [];
  // What does not answer can't be emptied in order.
  if (state === "unreachable") return ["gone"];
  switch (standing) {
    case "inService":
      return ["drain", "deactivate", "decommission", "gone"];
    case "deactivated":
      return ["reactivate", "drain", "decommission", "gone"];
    case "draining":
      return ["drain", "decommission", "gone"];
    case "drained":
      return ["reactivate", "decommission", "gone"];
  }
}
