/** The log of a service over all its instances, those that ended too; and of one instance. */
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { Empty, Failed, Loading } from "../components/states.tsx";
import { useText } from "../i18n/language-provider.tsx";
import { useInstances } from "../services/service-queries.ts";
import { shortInstanceId } from "../services/view/service-view.ts";
import type { LinkedLine } from "./log-rows.ts";
import { logSources } from "./log-sources.ts";
import { LogView } from "./log-view.tsx";
import type { LogSource } from "./merged-log.ts";

const route = getRouteApi("/shell/services/$id");

export function ServiceLog(properties: { readonly id: string }): ReactNode {
  const { id } = properties;
  const text = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const instances = useInstances(id, { ended: true });
  const sources = useMemo(() => logSources(instances.data?.items ?? [], shortInstanceId), [instances.data]);
  if (instances.data === undefined)
    return instances.error === null ? (
      <Loading />
    ) : (
      <Failed error={instances.error} onRetry={() => void instances.refetch()} />
    );
  if (sources.length === 0)
    return <Empty title={text("ui.log.noInstance")} hint={text("ui.log.noInstanceHint")} />;
  return (
    <LogView
      sources={sources}
      name={id}
      task={search.task}
      linked={linkedLine(search.task, search.line)}
      onTask={(task) =>
        void navigate({ search: { tab: "log", ...(task === undefined ? {} : { task }) }, replace: true })
      }
      onLink={({ taskId, stream, offset }) =>
        void navigate({ search: { tab: "log", task: taskId, line: `${stream}@${offset}` }, replace: true })
      }
    />
  );
}

/** The log of one task of any framework. */
export function TaskLog({ agentId, taskId, isEnded }: LogSource): ReactNode {
  const [linked, setLinked] = useState<LinkedLine | undefined>();
  const sources = useMemo(
    () => [{ agentId, taskId, isEnded, name: taskId, color: 0 }],
    [agentId, taskId, isEnded],
  );
  return <LogView sources={sources} name={taskId} linked={linked} onLink={setLinked} />;
}

/** `stream@offset` of a task. */
function linkedLine(taskId: string | undefined, line: string | undefined): LinkedLine | undefined {
  const [stream, offset] = line?.split("@") ?? [];
  if (taskId === undefined || (stream !== "stdout" && stream !== "stderr")) return undefined;
  return { taskId, stream, offset: Number(offset) };
}
