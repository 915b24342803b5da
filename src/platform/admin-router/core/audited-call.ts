/** Which calls through the door are told in the audit trail: those that change something at the kernel or an agent. */

const messageMax = 2_000;

export interface AuditedCall {
  /** `task.exec`, `framework.teardown`, … */
  readonly action: string;
  readonly object: string;
  /** What of it stands in the query: the command, the port, the file. */
  readonly message?: string;
}

export interface Call {
  /** `UPGRADE` for what becomes a connection of its own. */
  readonly method: string;
  /** As the daemon sees it, without the query. */
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  /** The beginning of a JSON body; empty for others. */
  readonly bodyStart: string;
  /** The agent, or `` for the kernel. */
  readonly agentId: string;
}

/** Calls of the v1 APIs that only tell something, or that a scheduler makes all the time. */
const untold =
  /^(?:GET_|LIST_|READ_|SUBSCRIBE$|ATTACH_CONTAINER_OUTPUT$|WAIT_|HEARTBEAT$|ACCEPT$|DECLINE$|REVIVE$|SUPPRESS$|ACKNOWLEDGE|RECONCILE|MESSAGE$|REQUEST$|UPDATE_FRAMEWORK$)/;

const named: Readonly<Record<string, string>> = {
  LAUNCH_NESTED_CONTAINER_SESSION: "task.exec",
  ATTACH_CONTAINER_INPUT: "task.attach",
  TEARDOWN: "framework.teardown",
  KILL: "task.kill",
};

/** Undefined: it is not told. */
export function auditedCall({ method, path, query, bodyStart, agentId }: Call): AuditedCall | undefined {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return undefined;
  if (/\/api\/v1(?:\/scheduler)?\/?$/.test(path)) {
    const type = /"type"\s*:\s*"([A-Z_]{1,60})"/.exec(bodyStart)?.[1];
    // In another encoding than JSON it is not known which call it is: told, but for a scheduler's steady stream.
    if (type === undefined)
      return /scheduler\/?$/.test(path)
        ? undefined
        : { action: "call", object: objectOf(bodyStart, agentId) };
    if (untold.test(type)) return undefined;
    return {
      action: named[type] ?? type.toLowerCase().replaceAll("_", "."),
      object: objectOf(bodyStart, agentId),
    };
  }
  const own = /^\/keelson\/v1\/([a-z-]+)(?:\/([^/]+))?/.exec(path);
  if (own !== null) {
    const [, what = "", id] = own;
    const message = messageOf(what, new URLSearchParams(query)).slice(0, messageMax);
    return {
      action: ownActions[what] ?? what,
      object: id === undefined ? agentId : decoded(id),
      ...(message === "" ? {} : { message }),
    };
  }
  // A WebSocket that is none of ours.
  if (method === "UPGRADE") return undefined;
  const last =
    path
      .replace(/(?<!\/)\/+$/, "")
      .split("/")
      .at(-1) ?? "";
  return { action: `kernel.${last === "" ? "call" : last}`, object: objectOf(bodyStart, agentId) };
}

function objectOf(bodyStart: string, agentId: string): string {
  const value =
    /"(?:task_id|framework_id|container_id|agent_id)"\s*:\s*\{\s*"value"\s*:\s*"([^"]{1,300})"/.exec(
      bodyStart,
    )?.[1];
  return value ?? agentId;
}

const ownActions: Readonly<Record<string, string>> = {
  exec: "task.exec",
  connect: "task.connect",
  files: "task.upload",
};

/** Variables are left out: a secret may be among them. */
function messageOf(what: string, query: URLSearchParams): string {
  switch (what) {
    case "exec": {
      const command = query.getAll("arg");
      return command.length === 0 ? "" : JSON.stringify(command);
    }
    case "connect":
      return `port ${query.get("port") ?? ""}`;
    case "files":
      return query.get("path") ?? "";
    default:
      return "";
  }
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id).slice(0, 300);
  } catch {
    return id.slice(0, 300);
  }
}
