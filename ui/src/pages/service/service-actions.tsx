/** What can be done with the service; each act shows what it would do before it does it. */
import { Button, Menu } from "@mantine/core";
import {
  IconDotsVertical,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconResize,
  IconTrash,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { IconButton } from "../../components/icon-button.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { RemoveDialog, RestartDialog, ScaleDialog } from "./service-dialogs.tsx";

type Act = "scale" | "restart" | "stop" | "resume" | "remove";

export function ServiceActions(properties: { readonly service: ServiceItem }): ReactNode {
  const { service } = properties;
  const text = useText();
  const [act, setAct] = useState<Act | undefined>();
  const close = (): void => setAct(undefined);
  const isStopped = service.instances.wanted === 0;
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
        onClick={() => setAct("scale")}
      >
        {text("ui.service.scale")}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <IconButton label={text("ui.service.more")} variant="default" size={36}>
            <IconDotsVertical size={17} stroke={1.8} />
          </IconButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconRefresh size={16} stroke={1.8} />}
            disabled={isStopped}
            onClick={() => setAct("restart")}
          >
            {text("ui.service.restart")}
          </Menu.Item>
          {isStopped ? (
            <Menu.Item
              leftSection={<IconPlayerPlay size={16} stroke={1.8} />}
              onClick={() => setAct("resume")}
            >
              {text("ui.service.resume")}
            </Menu.Item>
          ) : (
            <Menu.Item
              leftSection={<IconPlayerPause size={16} stroke={1.8} />}
              onClick={() => setAct("stop")}
            >
              {text("ui.service.stop")}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item leftSection={<IconTrash size={16} stroke={1.8} />} onClick={() => setAct("remove")}>
            {text("ui.service.remove")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {act === "scale" || act === "resume" ? (
        <ScaleDialog
          service={service}
          start={act === "resume" ? 1 : service.instances.wanted}
          onClose={close}
        />
      ) : null}
      {act === "stop" ? <ScaleDialog service={service} start={0} isStop onClose={close} /> : null}
      {act === "restart" ? <RestartDialog service={service} onClose={close} /> : null}
      {act === "remove" ? <RemoveDialog service={service} onClose={close} /> : null}
    </>
  );
}
