/** Where values of kept secrets come from. */
import type { HttpClient } from "#foundation/http/index.ts";
import type { ValueOf } from "./secret-calls.ts";

const timeoutMs = 5_000;

/** Asks as a daemon of the cluster: `client` says so with each request. */
export function secretSource(client: HttpClient, url: string | undefined): ValueOf {
  return async (path) => {
    if (url === undefined) throw new Error("there is no store of secrets");
    const { status, body } = await client
      .send(
        {
          method: "GET",
          url: `${url}/secrets/v1/secret/default/${path}`,
          headers: { accept: "application/octet-stream" },
        },
        timeoutMs,
      )
      .catch(() => {
        throw new Error("the store of secrets does not answer");
      });
    if (status === 404) throw new Error(`there is none; keelson secret create ${path}`);
    if (status !== 200) throw new Error(`the store of secrets answers ${status}`);
    return body.toString("base64");
  };
}
