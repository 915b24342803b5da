/** The menu of one row. There is one for the whole list, opened where it is asked for, so that rows stay light. */
import { Menu } from "@mantine/core";
import type { ReactNode } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { useText } from "../../i18n/language-provider.tsx";
import { actionsFor, type ServiceAction } from "../../services/service-actions.ts";
import classes from "./services-page.module.css";

export function RowMenu(properties: {
  readonly service: ServiceItem;
  readonly anchor: HTMLElement;
  readonly act: (action: ServiceAction) => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const { service, anchor, act, onClose } = properties;
  const place = anchor.getBoundingClientRect();
  return (
    <Menu
      opened
      onClose={() => {
        onClose();
        anchor.focus();
      }}
      position="bottom-end"
      width={180}
    >
      <Menu.Target>
        <button
          type="button"
          tabIndex={-1}
          aria-label={service.id}
          className={classes.menuPlace}
          style={{ left: place.left, top: place.top, width: place.width, height: place.height }}
        />
      </Menu.Target>
      <Menu.Dropdown aria-label={service.id}>
        {actionsFor(service).map((action) => (
          <Menu.Item
            key={action}
            {...(action === "delete" ? { className: "danger" } : {})}
            onClick={() => act(action)}
          >
            {text(`ui.services.${action}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
