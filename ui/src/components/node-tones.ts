/** How a node's state looks. */
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import type { Tone } from "./state-badge.tsx";

export const nodeTones: Readonly<Record<NodeItem["state"], Tone>> = {
  active: "good",
  disconnected: "wait",
  unreachable: "bad",
};
