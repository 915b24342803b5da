/** How the console looks and speaks, kept in this browser. */
import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import type { ReactNode } from "react";
import { Card } from "../../components/card.tsx";
import { Facts } from "../../components/facts.tsx";
import { LanguageSwitch } from "../../components/language-switch.tsx";
import { Page } from "../../components/page.tsx";
import { useCapacity } from "../../data/capacity.ts";
import { readSessionUser } from "../../data/session.ts";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "./settings-page.module.css";

export function SettingsPage(): ReactNode {
  const text = useText();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const capacity = useCapacity();
  const user = readSessionUser(document.cookie);
  return (
    <Page title={text("ui.nav.settings")}>
      <Card title={text("ui.settings.appearance")}>
        <div className={classes.rows}>
          <div>
            <span>{text("ui.settings.theme")}</span>
            <SegmentedControl
              size="xs"
              aria-label={text("ui.settings.theme")}
              value={colorScheme}
              onChange={(value) => setColorScheme(value === "light" || value === "dark" ? value : "auto")}
              data={[
                { value: "auto", label: text("ui.settings.theme.system") },
                { value: "light", label: text("ui.settings.theme.light") },
                { value: "dark", label: text("ui.settings.theme.dark") },
              ]}
            />
          </div>
          <div>
            <span>{text("ui.settings.language")}</span>
            <LanguageSwitch />
          </div>
        </div>
        <p className={classes.note}>{text("ui.settings.kept")}</p>
      </Card>
      <Card title={text("ui.settings.cluster")}>
        <Facts
          facts={[
            { name: text("ui.settings.clusterName"), value: capacity.data?.clusterName },
            { name: text("ui.settings.address"), value: <code className="mono">{location.origin}</code> },
            { name: text("ui.settings.user"), value: user === undefined ? undefined : user.uid },
          ]}
        />
      </Card>
    </Page>
  );
}
