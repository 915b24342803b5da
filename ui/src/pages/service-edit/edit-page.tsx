/** Changing a service: its current definition, opened once; what others change meanwhile is told when it is applied. */
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Page } from "../../components/page.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { ServiceEditor } from "../../services/editor/service-editor.tsx";
import { useDefinition, useService } from "../../services/service-queries.ts";

const route = getRouteApi("/shell/services/$id/edit");

export function EditPage(): ReactNode {
  const text = useText();
  const { id } = route.useParams();
  const service = useService(id);
  const [opened, setOpened] = useState<string | undefined>();
  const version = opened ?? service.data?.version;
  if (opened === undefined && version !== undefined) setOpened(version);
  const definition = useDefinition(id, version);
  const error = service.error ?? definition.error;
  return (
    <Page
      title={text("ui.editor.title", { service: id })}
      above={
        <Link to="/services/$id" params={{ id }} search={{}}>
          {id}
        </Link>
      }
    >
      {service.data === null ? (
        <Empty title={text("ui.service.gone", { id })} hint={text("ui.service.goneHint")} />
      ) : definition.data !== undefined ? (
        <ServiceEditor key={version} start={definition.data} isExisting />
      ) : error === null ? (
        <Loading />
      ) : (
        <Failed
          error={error}
          onRetry={() => void (service.isError ? service.refetch() : definition.refetch())}
        />
      )}
    </Page>
  );
}
