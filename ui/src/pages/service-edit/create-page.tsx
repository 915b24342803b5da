/** A new service. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "../../components/page.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { ServiceEditor } from "../../services/editor/service-editor.tsx";

/** Small enough for a laptop; everything else has the API's default. */
const start = { id: "", cmd: "", instances: 1, cpus: 0.1, mem: 64 };

export function CreatePage(): ReactNode {
  const text = useText();
  return (
    <Page title={text("ui.create.title")} above={<Link to="/services">{text("ui.nav.services")}</Link>}>
      <ServiceEditor start={start} isExisting={false} />
    </Page>
  );
}
