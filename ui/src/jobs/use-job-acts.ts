/** What one does to a job every day: run it, switch its schedule. Said when it is done, or why it could not be. */
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { errorText } from "../i18n/error-text.ts";
import { useText } from "../i18n/language-provider.tsx";
import { readSchedule, replaceSchedule, startRun } from "./job-changes.ts";

export interface JobActs {
  run(id: string): Promise<void>;
  switchSchedule(id: string, enabled: boolean): Promise<void>;
}

export function useJobActs(): JobActs {
  const text = useText();
  const client = useQueryClient();
  const told = async (id: string, act: () => Promise<string>): Promise<void> => {
    try {
      notifications.show({ message: await act() });
    } catch (error) {
      notifications.show({ message: errorText(text, error), color: "red" });
      return;
    }
    await Promise.all([
      client.invalidateQueries({ queryKey: ["job", id] }),
      client.invalidateQueries({ queryKey: ["jobs"] }),
    ]);
  };
  return {
    run: (id) =>
      told(id, async () => {
        await startRun(id);
        return text("ui.jobs.started", { id });
      }),
    switchSchedule: (id, enabled) =>
      told(id, async () => {
        const schedule = await readSchedule(id);
        if (schedule !== undefined) await replaceSchedule(id, { ...schedule, enabled });
        return text(enabled ? "ui.jobs.enabled" : "ui.jobs.disabled", { id });
      }),
  };
}
