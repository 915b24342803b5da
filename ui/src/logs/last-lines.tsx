/** The last lines of the instance that ended last: what it said before it did. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { keys } from "../data/keys.ts";
import { errorText } from "../i18n/error-text.ts";
import { useText } from "../i18n/language-provider.tsx";
import { useInstances } from "../services/service-queries.ts";
import { plainText } from "./ansi.ts";
import { newestWords } from "./log-sources.ts";
import { readLogTail } from "./log-stream.ts";
import classes from "./log-view.module.css";

const linesShown = 20;

export function LastLines(properties: { readonly service: string }): ReactNode {
  const { service } = properties;
  const text = useText();
  const instances = useInstances(service, { ended: true });
  const instance = newestWords(instances.data?.items ?? []);
  const log = useQuery({
    queryKey: [...keys.service(service, "lastLines"), instance?.taskId],
    queryFn: async ({ signal }) => {
      if (instance === undefined) return [];
      const parts = [];
      for (const stream of ["stdout", "stderr"] as const) {
        parts.push(...(await readLogTail({ ...instance, stream }, linesShown, signal)));
      }
      return parts.slice(-linesShown);
    },
    enabled: instance !== undefined,
  });
  if (instance === undefined) return null;
  return (
    <section className={classes.last}>
      <h3>{text("ui.log.lastLines")}</h3>
      {log.error === null ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre tabIndex={0}>
          {(log.data ?? []).map((line) => plainText(line.text)).join("\n") || text("ui.log.saidNothing")}
        </pre>
      ) : (
        <p className="quiet">{errorText(text, log.error)}</p>
      )}
    </section>
  );
}
