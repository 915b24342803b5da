/** Why a service is not as wished, in sentences, the weightiest first. */
import type { AppInfo, QueueItem, RejectReason } from "#clients/client/services.ts";
import type { MessageKey } from "#contracts/messages/messages.ts";
import type { Context } from "./context.ts";

const reasonKeys: ReadonlyMap<string, MessageKey> = new Map([
  ["UnfulfilledRole", "reason.UnfulfilledRole"],
  ["UnfulfilledConstraint", "reason.UnfulfilledConstraint"],
  ["NoCorrespondingReservationFound", "reason.NoCorrespondingReservationFound"],
  ["AgentMaintenance", "reason.AgentMaintenance"],
  ["InsufficientCpus", "reason.InsufficientCpus"],
  ["InsufficientMemory", "reason.InsufficientMemory"],
  ["InsufficientDisk", "reason.InsufficientDisk"],
  ["InsufficientGpus", "reason.InsufficientGpus"],
  ["InsufficientPorts", "reason.InsufficientPorts"],
  ["DeclinedScarceResources", "reason.DeclinedScarceResources"],
]);

/** Sentences for an entry of the launch queue. */
export function explainQueue({ say }: Context, item: QueueItem, app: AppInfo | undefined): readonly string[] {
  const sentences: string[] = [];
  if (!item.delay.overdue && item.delay.timeLeftSeconds > 0) {
    const failure = app?.lastTaskFailure;
    sentences.push(
      say("why.backoff", {
        seconds: item.delay.timeLeftSeconds,
        state: failure?.state ?? "",
        message: failure?.message ?? "",
      }),
    );
  }
  const { rejectSummaryLastOffers: reasons, processedOffersCount } = item.processedOffersSummary;
  const declining = [...reasons]
    .filter(({ declined }) => declined > 0)
    .sort((one, other) => other.declined - one.declined);
  for (const reason of declining) sentences.push(explainReject(say, reason, app));
  if (sentences.length === 0)
    sentences.push(say(processedOffersCount === 0 ? "why.noOffers" : "why.launching", { count: item.count }));
  return sentences;
}

function explainReject(
  say: Context["say"],
  { reason, declined, processed }: RejectReason,
  app: AppInfo | undefined,
): string {
  const key = reasonKeys.get(reason) ?? "reason.other";
  return say(key, { declined, processed, reason, cpus: app?.cpus ?? 0, mem: app?.mem ?? 0 });
}
