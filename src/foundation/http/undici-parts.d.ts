/** The two parts of undici that are loaded by themselves; see undici-agent.ts. The package types only its whole. */
declare module "undici/lib/dispatcher/agent.js" {
  import type { Agent as WholeAgent } from "undici";

  const Agent: typeof WholeAgent;
  type Agent = WholeAgent;
  export default Agent;
}

declare module "undici/lib/api/api-request.js" {
  import type { Dispatcher } from "undici";

  function request(this: Dispatcher, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  export default request;
}
