/** The columns of the list of deployments. */
import type { DeploymentItem } from "#contracts/services/own-endpoints.ts";
import { Age } from "../../components/age.tsx";
import type { Column } from "../../components/data-table.tsx";
import { DeploymentProgress, DeploymentStateBadge } from "../../components/deployment-progress.tsx";
import type { Translate } from "../../i18n/catalogue.ts";

export function deploymentColumns(
  text: Translate,
  open: (deployment: DeploymentItem) => void,
): readonly Column<DeploymentItem>[] {
  return [
    {
      key: "services",
      title: "ui.deployments.services",
      width: "minmax(180px, 2.4fr)",
      narrow: "title",
      render: (deployment) => (
        <span className="two-lines">
          <button
            type="button"
            className="row-link as-link"
            title={deployment.services.join(", ")}
            onClick={() => open(deployment)}
          >
            {deployment.services.join(", ")}
          </button>
          {deployment.reason === undefined ? null : (
            <span className="sentence second-line" title={deployment.reason.message}>
              {deployment.reason.message}
            </span>
          )}
        </span>
      ),
    },
    {
      key: "state",
      title: "ui.deployments.state",
      width: "112px",
      narrow: "side",
      render: ({ state }) => <DeploymentStateBadge state={state} />,
    },
    {
      key: "progress",
      title: "ui.deployments.progress",
      width: "minmax(110px, 1fr)",
      narrow: "line",
      render: (deployment) => <DeploymentProgress deployment={deployment} />,
    },
    {
      key: "step",
      title: "ui.deployments.step",
      width: "72px",
      align: "end",
      from: 760,
      render: ({ step, steps }) => (
        <span className="nowrap">
          {Math.min(step, steps.length)} <span className="quiet">/ {steps.length}</span>
        </span>
      ),
    },
    {
      key: "user",
      title: "ui.deployments.owner",
      width: "minmax(80px, 0.8fr)",
      from: 860,
      render: ({ user }) => (
        <span className="clipped" title={user}>
          {user ?? text("ui.unknownUser")}
        </span>
      ),
    },
    {
      key: "startedAt",
      title: "ui.deployments.started",
      width: "112px",
      align: "end",
      narrow: "line",
      render: ({ startedAt }) => (
        <span className="quiet">
          <Age at={startedAt} />
        </span>
      ),
    },
  ];
}
