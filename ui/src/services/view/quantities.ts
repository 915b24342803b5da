/** Words for the quantities that tasks ask for. */
import type { TextKey } from "../../i18n/catalogue.ts";

const names: Readonly<Record<string, TextKey>> = {
  cpus: "ui.quantity.cpus",
  mem: "ui.quantity.mem",
  disk: "ui.quantity.disk",
  gpus: "ui.quantity.gpus",
  ports: "ui.quantity.ports",
};

export const quantityName = (name: string): TextKey => names[name] ?? "ui.quantity.other";
