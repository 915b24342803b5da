/** One node: how full it is, what it really uses, what runs there. */
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { Age } from "../../components/age.tsx";
import { BackLink } from "../../components/back-link.tsx";
import { Card } from "../../components/card.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { Facts } from "../../components/facts.tsx";
import { NodeState } from "../../components/node-state.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { taskColumns } from "../tasks/task-columns.tsx";
import { useTaskList } from "../tasks/task-queries.ts";
import { Draining } from "./draining.tsx";
import { NodeActions } from "./node-action-menu.tsx";
import { NodeFill } from "./node-fill.tsx";
import { useNode, useNodeIsolation } from "./node-queries.ts";

const route = getRouteApi("/shell/nodes/$id");

export function NodePage(): ReactNode {
  const text = useText();
  const { id } = route.useParams();
  const node = useNode(id);
  const { data } = node;
  return (
    <Page
      title={data?.hostname ?? id}
      above={<BackLink to="/nodes">{text("ui.nav.nodes")}</BackLink>}
      actions={data ? <NodeActions node={data} /> : null}
      beside={data ? <NodeState node={data} /> : null}
    >
      {node.isPending ? <Loading /> : null}
      {node.isError && data === undefined ? (
        <Failed error={node.error} onRetry={() => void node.refetch()} />
      ) : null}
      {data === null ? <Empty title={text("ui.nodes.unknown")} hint={text("ui.nodes.unknownHint")} /> : null}
      {data ? (
        <>
          <Draining node={data} />
          <NodeFill node={data} />
          <NodeFacts node={data} />
          <NodeTasks node={data} />
        </>
      ) : null}
    </Page>
  );
}

function NodeFacts(properties: { readonly node: NodeItem }): ReactNode {
  const text = useText();
  const { node } = properties;
  const isolation = useNodeIsolation(node.id, node.state === "active");
  const attributes = Object.entries(node.attributes);
  return (
    <Card title={text("ui.nodes.about")}>
      <Facts
        facts={[
          { name: text("ui.nodes.id"), value: <code className="mono">{node.id}</code> },
          {
            name: text("ui.nodes.address"),
            value: node.url === "" ? undefined : <code className="mono">{node.url}</code>,
          },
          {
            name: text("ui.nodes.registered"),
            value: node.registeredAt === 0 ? undefined : <Age at={node.registeredAt} />,
          },
          { name: text("ui.nodes.version"), value: node.version || undefined },
          {
            name: text("ui.nodes.place"),
            value:
              node.region === undefined
                ? undefined
                : [node.region, node.zone].filter((part) => part !== undefined).join(" / "),
          },
          {
            name: text("ui.nodes.role"),
            value: text(node.isPublic ? "ui.nodes.public" : "ui.nodes.private"),
          },
          {
            name: text("ui.nodes.attributes"),
            value:
              attributes.length === 0
                ? undefined
                : attributes.map(([name, value]) => `${name}=${value}`).join(", "),
          },
          { name: text("ui.nodes.isolation"), value: isolation.data?.note },
        ]}
      />
    </Card>
  );
}

function NodeTasks(properties: { readonly node: NodeItem }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const list = useTaskList({}, { node: properties.node.id });
  const columns = useMemo(() => taskColumns(formats).filter(({ key }) => key !== "hostname"), [formats]);
  const title = text("ui.nodes.runsHere");
  if (list.total === undefined && list.error !== undefined)
    return <Failed error={list.error} onRetry={list.retry} />;
  if (list.total === 0) return <Empty title={text("ui.nodes.nothingRuns")} />;
  return (
    <>
      <h2 className="section-title">{title}</h2>
      <div style={{ display: "flex", height: Math.min(560, 100 + 72 * (list.total ?? 4)) }}>
        <DataTable
          label={title}
          columns={columns}
          list={list}
          rowKey={({ id, frameworkId }) => `${frameworkId} ${id}`}
        />
      </div>
    </>
  );
}
