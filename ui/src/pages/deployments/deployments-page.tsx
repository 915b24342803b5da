/** Deployments: those under way first, with their plan, owner and age, and the way to stop or undo them. */
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { ListPage } from "../../components/list-page.tsx";
import { Empty } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { deploymentColumns } from "./deployment-columns.tsx";
import { DeploymentDrawer } from "./deployment-drawer.tsx";
import { useDeploymentList } from "./deployment-queries.ts";

const route = getRouteApi("/shell/deployments");

export function DeploymentsPage(): ReactNode {
  const text = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = useDeploymentList(search);
  const [openId, setOpenId] = useState<string>();
  const columns = useMemo(() => deploymentColumns(text, ({ id }) => setOpenId(id)), [text]);
  return (
    <>
      <ListPage
        title={text("ui.nav.deployments")}
        filterHint={text("ui.deployments.filterHint")}
        columns={columns}
        list={list}
        rowHeight={54}
        rowKey={({ id }) => id}
        search={search}
        onSearch={(next) => void navigate({ search: next, replace: true })}
        empty={
          <Empty
            title={text("ui.deployments.empty")}
            hint={text("ui.deployments.emptyHint")}
            command="keelson apply -f web.yaml --wait"
          />
        }
      />
      {openId === undefined ? null : <DeploymentDrawer id={openId} onClose={() => setOpenId(undefined)} />}
    </>
  );
}
