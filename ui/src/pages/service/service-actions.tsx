/** What can be done with the service; each act shows what it would do before it does it. */
import { Button, Menu } from "@mantine/core";
import {
  type Icon,
  IconDotsVertical,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconResize,
  IconTrash,
} from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { IconButton } from "../../components/icon-button.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { ServiceActionDialog } from "../../services/service-action-dialog.tsx";
import { actionsFor, type ServiceAction } from "../../services/service-actions.ts";

const icons: Readonly<Record<ServiceAction, Icon>> = {
  scale: IconResize,
  restart: IconRefresh,
  stop: IconPlayerPause,
  resume: IconPlayerPlay,
  delete: IconTrash,
};

export function ServiceActions(properties: { readonly service: ServiceItem }): ReactNode {
  const { service } = properties;
  const text = useText();
  const navigate = useNavigate();
  const [action, setAction] = useState<ServiceAction>();
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconPencil size={16} stroke={1.8} aria-hidden />}
        renderRoot={(root: object) => <Link {...root} to="/services/$id/edit" params={{ id: service.id }} />}
      >
        {text("ui.service.edit")}
      </Button>
      <Button
        variant="default"
        leftSection={<IconResize size={16} stroke={1.8} aria-hidden />}
        onClick={() => setAction("scale")}
      >
        {text("ui.services.scale")}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <IconButton label={text("ui.service.more")} variant="default" size={36}>
            <IconDotsVertical size={17} stroke={1.8} />
          </IconButton>
        </Menu.Target>
        <Menu.Dropdown>
          {actionsFor(service)
            .filter((each) => each !== "scale")
            .map((each) => {
              const ActionIcon = icons[each];
              return (
                <Menu.Item
                  key={each}
                  {...(each === "delete" ? { className: "danger" } : {})}
                  leftSection={<ActionIcon size={16} stroke={1.8} aria-hidden />}
                  onClick={() => setAction(each)}
                >
                  {text(`ui.services.${each}`)}
                </Menu.Item>
              );
            })}
        </Menu.Dropdown>
      </Menu>
      {action === undefined ? null : (
        <ServiceActionDialog
          action={action}
          services={[service]}
          onClose={() => setAction(undefined)}
          onDone={() => action === "delete" && void navigate({ to: "/services" })}
        />
      )}
    </>
  );
}
