/** Where the service answers: by its own name at this door, and at each instance. */
import { CopyButton } from "@mantine/core";
import { IconCheck, IconCopy, IconExternalLink } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { IconButton } from "../../components/icon-button.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { localAddress } from "../../services/view/service-view.ts";
import classes from "./service-page.module.css";

export function Addresses(properties: { readonly service: ServiceItem }): ReactNode {
  const { service } = properties;
  const text = useText();
  const named = service.addresses.length === 0 ? undefined : localAddress(service.id, window.location);
  const all = [...(named === undefined ? [] : [named]), ...service.addresses];
  return (
    <section className={classes.card}>
      <h2>{text("ui.service.addresses")}</h2>
      {all.length === 0 ? (
        <p className={classes.sentence}>{text("ui.service.noAddress")}</p>
      ) : (
        <ul className={classes.addresses}>
          {all.map((address) => (
            <li key={address}>
              <a href={address} target="_blank" rel="noreferrer">
                {address}
                <IconExternalLink size={13} stroke={1.8} aria-label={text("ui.opensNewTab")} />
              </a>
              <CopyButton value={address}>
                {({ copied, copy }) => (
                  <IconButton
                    label={text(copied ? "ui.copied" : "ui.service.copyAddress", { address })}
                    onClick={copy}
                    size={26}
                  >
                    {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
                  </IconButton>
                )}
              </CopyButton>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
