/** What was asked for: the definition of any version, what it differs in from the current one, and the way back to it. */
import { Button, SegmentedControl, Select } from "@mantine/core";
import { IconArrowBackUp, IconPencil } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import type { HistoryEntry, ServiceItem } from "#contracts/services/own-endpoints.ts";
import { Failed, Loading } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { DefinitionSections } from "../../services/definition/definition-sections.tsx";
import { useDefinition, useHistory } from "../../services/service-queries.ts";
import classes from "./configuration.module.css";
import { RollBackDialog } from "./roll-back-dialog.tsx";

const route = getRouteApi("/shell/services/$id");
const DefinitionText = lazy(() =>
  import("../../services/definition/definition-text.tsx").then((module) => ({
    default: module.DefinitionText,
  })),
);
const DefinitionDiff = lazy(() =>
  import("../../services/definition/definition-diff.tsx").then((module) => ({
    default: module.DefinitionDiff,
  })),
);

const views = ["sections", "yaml", "json", "diff"] as const;
type View = (typeof views)[number];

export function ConfigurationTab(properties: { readonly service: ServiceItem }): ReactNode {
  const { service } = properties;
  const text = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const history = useHistory(service.id);
  const [view, setView] = useState<View>(search.version === undefined ? "sections" : "diff");
  const [isAsked, setIsAsked] = useState(false);
  const shown = search.version ?? service.version;
  const isCurrent = shown === service.version;
  const current = useDefinition(service.id, service.version);
  const other = useDefinition(service.id, isCurrent ? undefined : shown);
  const definition = isCurrent ? current : other;
  const shownViews: readonly View[] = isCurrent ? views.filter((name) => name !== "diff") : views;
  const shownView = shownViews.includes(view) ? view : "sections";
  return (
    <div className={classes.tab}>
      <div className={classes.tools}>
        <VersionPicker
          versions={history.data ?? []}
          shown={shown}
          current={service.version}
          onChoose={(version) => {
            if (version !== service.version) setView("diff");
            void navigate({
              search: { tab: "configuration", ...(version === service.version ? {} : { version }) },
            });
          }}
        />
        <SegmentedControl
          aria-label={text("ui.configuration.view")}
          value={shownView}
          onChange={(next) => setView(views.find((name) => name === next) ?? "sections")}
          data={shownViews.map((name) => ({ value: name, label: text(`ui.configuration.view.${name}`) }))}
        />
        <span className={classes.spacer} />
        {isCurrent ? (
          <Button
            variant="default"
            leftSection={<IconPencil size={16} stroke={1.8} aria-hidden />}
            renderRoot={(root: object) => (
              <Link {...root} to="/services/$id/edit" params={{ id: service.id }} />
            )}
          >
            {text("ui.service.edit")}
          </Button>
        ) : (
          <Button
            leftSection={<IconArrowBackUp size={16} stroke={1.8} aria-hidden />}
            onClick={() => setIsAsked(true)}
          >
            {text("ui.rollback.verb")}
          </Button>
        )}
      </div>
      {definition.data === undefined || current.data === undefined ? (
        definition.error === null ? (
          <Loading />
        ) : (
          <Failed error={definition.error} onRetry={() => void definition.refetch()} />
        )
      ) : shownView === "sections" ? (
        <DefinitionSections definition={definition.data} />
      ) : (
        <Suspense fallback={<Loading />}>
          {shownView === "diff" ? (
            <DefinitionDiff before={current.data} after={definition.data} />
          ) : (
            <DefinitionText definition={definition.data} syntax={shownView} name={service.id} />
          )}
        </Suspense>
      )}
      {isAsked ? (
        <RollBackDialog service={service} version={shown} onClose={() => setIsAsked(false)} />
      ) : null}
    </div>
  );
}

function VersionPicker(properties: {
  readonly versions: readonly HistoryEntry[];
  readonly shown: string;
  readonly current: string;
  readonly onChoose: (version: string) => void;
}): ReactNode {
  const { versions, shown, current, onChoose } = properties;
  const text = useText();
  const formats = useFormats();
  const known = new Set(versions.map(({ version }) => version));
  const all = [
    ...(known.has(current) ? [] : [{ version: current, user: undefined }]),
    ...versions,
    ...(known.has(shown) || shown === current ? [] : [{ version: shown, user: undefined }]),
  ];
  return (
    <Select
      className={classes.picker ?? ""}
      aria-label={text("ui.configuration.version")}
      allowDeselect={false}
      checkIconPosition="right"
      value={shown}
      onChange={(version) => version !== null && onChoose(version)}
      data={all.map(({ version, user }) => ({
        value: version,
        label: [
          formats.instant(Date.parse(version)),
          ...(version === current ? [text("ui.configuration.current")] : []),
          ...(user === undefined ? [] : [user]),
        ].join(" · "),
      }))}
    />
  );
}
