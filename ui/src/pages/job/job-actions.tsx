/** What one does to a job every day: run it, switch its schedule, change it, delete it. */
import { Button, Menu } from "@mantine/core";
import { IconDots, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { JobItem } from "#contracts/jobs/own-endpoints.ts";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { IconButton } from "../../components/icon-button.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { removeJob } from "../../jobs/job-changes.ts";
import { useJobActs } from "../../jobs/use-job-acts.ts";

export function JobActions(properties: { readonly job: JobItem }): ReactNode {
  const { job } = properties;
  const { id } = job;
  const text = useText();
  const navigate = useNavigate();
  const client = useQueryClient();
  const acts = useJobActs();
  const running = useMutation({ mutationFn: () => acts.run(id) });
  const [isDeleting, setIsDeleting] = useState(false);
  const { schedule } = job;
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
            <Menu.Item onClick={() => void acts.switchSchedule(id, !schedule.isEnabled)}>
              {text(schedule.isEnabled ? "ui.jobs.disable" : "ui.jobs.enable")}
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
