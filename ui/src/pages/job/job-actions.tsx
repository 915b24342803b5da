/** What one does to a job every day: run it, switch its schedule, change it, delete it. */
import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDots, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { JobItem } from "#contracts/jobs/own-endpoints.ts";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { IconButton } from "../../components/icon-button.tsx";
import { errorText } from "../../i18n/error-text.ts";
import { useText } from "../../i18n/language-provider.tsx";
import { removeJob, replaceSchedule, startRun } from "../jobs/job-changes.ts";
import { useJobDefinition } from "../jobs/job-queries.ts";

export function JobActions(properties: { readonly job: JobItem }): ReactNode {
  const { job } = properties;
  const { id } = job;
  const text = useText();
  const navigate = useNavigate();
  const client = useQueryClient();
  const definition = useJobDefinition(id);
  const [isDeleting, setIsDeleting] = useState(false);
  const readAgain = async (): Promise<void> => {
    await Promise.all([
      client.invalidateQueries({ queryKey: ["job", id] }),
      client.invalidateQueries({ queryKey: ["jobs"] }),
    ]);
  };
  const failed = (error: Error): void => {
    notifications.show({ message: errorText(text, error), color: "red" });
  };
  const running = useMutation({
    mutationFn: () => startRun(id),
    onError: failed,
    onSuccess: async () => {
      notifications.show({ message: text("ui.jobs.started", { id }) });
      await readAgain();
    },
  });
  const [schedule] = definition.data?.schedules ?? [];
  const switching = useMutation({
    mutationFn: async () => {
      if (schedule !== undefined) await replaceSchedule(id, { ...schedule, enabled: !schedule.enabled });
    },
    onError: failed,
    onSuccess: readAgain,
  });
  return (
    <>
      <Button
        loading={running.isPending}
        leftSection={<IconPlayerPlay size={16} stroke={2} aria-hidden />}
        onClick={() => running.mutate()}
      >
        {text("ui.jobs.runNow")}
      </Button>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <IconButton label={text("ui.list.more")}>
            <IconDots size={18} stroke={1.7} />
          </IconButton>
        </Menu.Target>
        <Menu.Dropdown aria-label={id}>
          {schedule === undefined ? null : (
            <Menu.Item onClick={() => switching.mutate()}>
              {text(schedule.enabled ? "ui.jobs.disable" : "ui.jobs.enable")}
            </Menu.Item>
          )}
          <Menu.Item onClick={() => void navigate({ to: "/jobs/$id/edit", params: { id } })}>
            {text("ui.jobs.edit")}
          </Menu.Item>
          <Menu.Item className="danger" onClick={() => setIsDeleting(true)}>
            {text("ui.jobs.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isDeleting ? (
        <ConfirmDialog
          title={text("ui.jobs.delete.title", { id })}
          effect={<p>{text("ui.jobs.delete.effect", { id, runs: job.activeCount })}</p>}
          confirm={text("ui.jobs.delete")}
          typed={id}
          isDangerous
          act={async () => {
            await removeJob(id);
            await client.invalidateQueries({ queryKey: ["jobs"] });
            await navigate({ to: "/jobs", search: {} });
          }}
          onClose={() => setIsDeleting(false)}
        />
      ) : null}
    </>
  );
}
