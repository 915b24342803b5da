/** What can be done with the services that are chosen. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import type { ServiceAction } from "../../services/service-actions.ts";
import classes from "./services-page.module.css";

const actions: readonly ServiceAction[] = ["restart", "scale", "stop", "delete"];

export function ChosenTools(properties: {
  readonly count: number;
  readonly act: (action: ServiceAction) => void;
  readonly clear: () => void;
}): ReactNode {
  const text = useText();
  return (
    <div className={classes.chosen}>
      <span>{text("ui.list.chosen", { count: properties.count })}</span>
      {actions.map((action) => (
        <Button key={action} size="xs" variant="default" onClick={() => properties.act(action)}>
          {text(`ui.services.${action}`)}
        </Button>
      ))}
      <Button size="xs" variant="subtle" onClick={properties.clear}>
        {text("ui.list.chooseNone")}
      </Button>
    </div>
  );
}
