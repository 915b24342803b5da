/** The configuration of the old console, and the parts of the API that are not there yet. */
import { existsSync, readFileSync } from "node:fs";
import { json } from "#foundation/http/index.ts";
import { isService } from "../core/user.ts";
import { errorAnswer, noStore, type Routes } from "./answers.ts";
import { demandCaller, type IamContext } from "./context.ts";

/** Parts of the API that answer 501, with what they would be about. */
const missing = {
  ldap: "LDAP directories",
  "auth/oidc": "OIDC providers",
  "auth/saml": "SAML providers",
} as const;

export function addOtherRoutes(routes: Routes, context: IamContext, clusterIdFile: string | undefined): void {
  for (const path of ["/acs/api/v1/uiconfig", "/acs/api/v1/uiconfig/"])
    routes.route({
      method: "GET",
      path,
      handler: () => json(uiConfig(context, clusterIdFile), 200, noStore),
    });
  for (const [name, what] of Object.entries(missing)) {
    for (const path of [`/acs/api/v1/${name}`, `/acs/api/v1/${name}/*`])
      routes.route({
        method: ["GET", "PUT", "POST", "PATCH", "DELETE"],
        path,
        handler: async (request) => {
          await demandCaller(context, request);
          return errorAnswer(501, "ERR_NOT_IMPLEMENTED", `${what} are not there yet`, noStore);
        },
      });
  }
}

/** Source: contract platform.md section 14.5. */
function uiConfig({ core }: IamContext, clusterIdFile: string | undefined): object {
  return {
    uiConfiguration: {
      plugins: {
        banner: { enabled: false },
        branding: { enabled: false },
        "external-links": { enabled: false },
        authentication: { enabled: true },
        oauth: { enabled: false },
        tracking: { enabled: false },
        intercom: { enabled: false },
        "ui-update": { enabled: false },
        mesos: { "logging-strategy": "logrotate" },
      },
    },
    clusterConfiguration: {
      firstUser: !core.users().some((user) => !isService(user)),
      id:
        clusterIdFile !== undefined && existsSync(clusterIdFile)
          ? readFileSync(clusterIdFile, "utf8").trim()
          : "",
    },
  };
}
