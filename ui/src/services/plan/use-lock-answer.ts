/** What was chosen about a deployment in the way. Cancelling it begins at once; then it is waited for like any other. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { LockHolder } from "#contracts/services/plan.ts";
import { revertDeployment } from "../service-changes.ts";
import type { LockAnswer } from "./lock-choice.tsx";

/** How long between two looks whether the deployment in the way is over. */
export const lockPollMs = 2_000;

export interface LockState {
  readonly answer: LockAnswer | undefined;
  choose(answer: LockAnswer): void;
  /** The change may be made now: nothing is in the way, or it shall be replaced. */
  readonly isFree: boolean;
  /** The change is made over what is in the way. */
  readonly force: boolean;
  readonly error: Error | null;
}

export function useLockAnswer(locks: readonly LockHolder[]): LockState {
  const [chosen, setChosen] = useState<{ readonly answer: LockAnswer; readonly locks: string } | undefined>();
  // Who wanted one deployment replaced has not said so of another that comes in the way later.
  const held = locks
    .map(({ deploymentId }) => deploymentId)
    .sort()
    .join(" ");
  const answer = chosen?.answer === "replace" && chosen.locks !== held ? undefined : chosen?.answer;
  const cancelling = useMutation({
    mutationFn: async () => {
      for (const { deploymentId } of locks) await revertDeployment(deploymentId);
    },
  });
  const choose = (next: LockAnswer): void => {
    setChosen({ answer: next, locks: held });
    if (next === "cancel") cancelling.mutate();
  };
  const isLocked = locks.length > 0;
  return {
    answer,
    choose,
    isFree: !isLocked || answer === "replace",
    force: isLocked && answer === "replace",
    error: cancelling.error,
  };
}
