/** One service: what it is now, and why. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { explainWhy } from "#contracts/services/own-endpoints.ts";
import { Page } from "../../components/page.tsx";
import { Failed, Loading } from "../../components/states.tsx";
import { keys } from "../../data/keys.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { useLanguage } from "../../i18n/language-provider.tsx";

const route = getRouteApi("/shell/services/$id");

export function ServicePage(): ReactNode {
  const { id } = route.useParams();
  const { language } = useLanguage();
  const why = useQuery({
    queryKey: [...keys.service(id, "why"), language],
    queryFn: ({ signal }) =>
      callEndpoint(daemonPaths.services, explainWhy, { query: { name: id, language }, signal }),
  });
  return (
    <Page title={id}>
      {why.isError ? <Failed error={why.error} onRetry={() => void why.refetch()} /> : null}
      {why.isPending ? <Loading /> : null}
      {why.data?.reasons.map((reason) => (
        <p key={reason.code}>{reason.message}</p>
      ))}
    </Page>
  );
}
