/** All nodes, how full they are and whether they answer. */
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { ListPage } from "../../components/list-page.tsx";
import { Empty } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { nodeColumns } from "./node-columns.tsx";
import { useNodeList } from "./node-queries.ts";

const route = getRouteApi("/shell/nodes");

export function NodesPage(): ReactNode {
  const text = useText();
  const formats = useFormats();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = useNodeList(search);
  const columns = useMemo(() => nodeColumns(text, formats), [text, formats]);
  return (
    <ListPage
      title={text("ui.nav.nodes")}
      filterHint={text("ui.nodes.filterHint")}
      columns={columns}
      list={list}
      rowKey={(node) => node.id}
      search={search}
      onSearch={(next) => void navigate({ search: next, replace: true })}
      empty={
        <Empty
          title={text("ui.nodes.empty")}
          hint={text("ui.nodes.emptyHint")}
          command="keelson agent --join http://MASTER:5050"
        />
      }
    />
  );
}
