/** The agent's operator API in JSON and protobuf. Source: contract mesos.md sections 0.3, 3.1, 3.4. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorCode } from "#contracts/errors.ts";
import { errorStatus } from "#contracts/errors.ts";
import { type MessageEncoding, mediaTypes, readMessage, writeMessage } from "#contracts/kernel/encoding.ts";
import { MessageInvalid } from "#contracts/kernel/json-codec.ts";
import { versionInfo } from "#contracts/kernel/mesos-version.ts";
import type { AgentCall, AgentCallType, AgentResponse, ContainerID } from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import {
  type Answer,
  callerOf,
  empty,
  type HttpRequest,
  httpLimits,
  type Principal,
  parseJson,
  setLoggingLevel,
  takeOver,
  text,
} from "#foundation/http/index.ts";
import type { Verbosity } from "#foundation/telemetry/index.ts";
import type { ContainerDriver, ContainerExit } from "#kernel/containerizer/index.ts";
import type { AgentView } from "../../core/view.ts";
import { type FilesOptions, listEntries, logPath, readBytes } from "../files-routes.ts";
import { type AgentPermissions, demandCall } from "../permissions.ts";
import type { RunEnds } from "../run-ends.ts";
import type { SessionAsker, Sessions } from "../sessions.ts";
import type { UsageMeter } from "../usage.ts";
import { type CallHead, headProblem, readHead, recordioType } from "./call-head.ts";
import { takeInput } from "./container-input.ts";
import { type NestedContainer, NestedContainers, type NestedRequest } from "./nested-containers.ts";
import { agentAnswer, containersOf, executorsOf, frameworksOf, operationsOf, tasksOf } from "./snapshots.ts";
import type { StandaloneContainers } from "./standalone-containers.ts";
import { TaskTerminals } from "./task-terminals.ts";

export interface OperatorOptions {
  readonly view: () => AgentView;
  readonly sessions: Sessions;
  readonly usage: UsageMeter;
  readonly files: FilesOptions;
  readonly flags: Readonly<Record<string, string>>;
  readonly metrics: () => Readonly<Record<string, number>>;
  readonly doorSecret: string | undefined;
  readonly permissions: AgentPermissions;
  readonly standalone: StandaloneContainers;
  readonly driver: Pick<ContainerDriver, "pruneImages" | "openFeed">;
  readonly ends: RunEnds;
  /** Aborted when the agent ends. */
  readonly ending: AbortSignal;
  readonly verbosity: Verbosity;
}

type Head = Extract<CallHead, { kind: "taken" }>;

/** Signal of KILL_NESTED_CONTAINER when none is given. */
const signalDefault = 9;
const signalNames: ReadonlyMap<number, NodeJS.Signals> = new Map([
  [1, "SIGHUP"],
  [2, "SIGINT"],
  [3, "SIGQUIT"],
  [signalDefault, "SIGKILL"],
  [10, "SIGUSR1"],
  [12, "SIGUSR2"],
  [15, "SIGTERM"],
]);

export class AgentOperatorApi {
  readonly #options: OperatorOptions;
  readonly #nested: NestedContainers;
  readonly #terminals: TaskTerminals;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#nested = new NestedContainers(options);
    this.#terminals = new TaskTerminals(options);
  }

  /** For a route that streams: most calls are read whole here. */
  async handle(request: HttpRequest): Promise<Answer> {
    const { headers, raw } = request;
    const head = readHead({
      contentType: headers["content-type"],
      messageContentType: one(headers["message-content-type"]),
      accept: headers.accept,
      messageAccept: one(headers["message-accept"]),
    });
    if (head.kind === "refused") return text(head.message, head.status);
    try {
      if (head.isStreamIn) {
        const targets = { nested: this.#nested, terminals: this.#terminals };
        await takeInput(raw, head.encoding, targets, (id) =>
          this.#options.permissions.demandContainer(request.principal, "attach_containers_input", id),
        );
        return empty(200);
      }
      const bytes = await readBody(raw);
      const parse = (): unknown => parseJson(bytes);
      const call = readMessage("AgentCall", { encoding: head.encoding, bytes, parse });
      const problem = headProblem(call.type, head);
      if (problem !== undefined) return text(problem.message, problem.status);
      demandCall(this.#options.permissions, request.principal, call, logPath);
      const asker = { ...callerOf(request, this.#options.doorSecret), method: "POST", path: request.path };
      return await this.#answer(call, head, asker, request.principal);
    } catch (error) {
      if (error instanceof MessageInvalid)
        return text(`Failed to validate agent::Call: ${error.message}`, 400);
      if (error instanceof CodedError)
        return text(error.message, errorStatus[error.code as ErrorCode] ?? 500);
      throw error;
    }
  }

  async #answer(call: AgentCall, head: Head, asker: SessionAsker, principal: Principal): Promise<Answer> {
    const { view, flags, metrics } = this.#options;
    const answer = (fields: Omit<AgentResponse, "type">): Answer =>
      respond(call.type, fields, head.answerEncoding);
    switch (call.type) {
      case "GET_HEALTH":
        return answer({ get_health: { healthy: true } });
      case "GET_VERSION":
        return answer({ get_version: { version_info: versionInfo } });
      case "GET_FLAGS":
        return answer({
          get_flags: { flags: Object.entries(flags).map(([name, value]) => ({ name, value })) },
        });
      case "GET_METRICS":
        return answer({
          get_metrics: { metrics: Object.entries(metrics()).map(([name, value]) => ({ name, value })) },
        });
      case "GET_LOGGING_LEVEL":
        return answer({ get_logging_level: { level: this.#options.verbosity.asMesos } });
      case "SET_LOGGING_LEVEL":
        return setLoggingLevel(this.#options.verbosity, call.set_logging_level);
      case "LIST_FILES":
        return answer({ list_files: { file_infos: await this.#listFiles(call.list_files?.path) } });
      case "READ_FILE":
        return answer({ read_file: await this.#readFile(call) });
      case undefined:
        return text("Failed to validate agent::Call: Expecting 'type' to be present", 400);
      default:
        if (!view().isRecovered) return text("Agent has not finished recovery", 503);
        return (
          (await this.#snapshot(call, answer, principal)) ??
          (await this.#container(call, head, asker, answer)) ??
          text(`The call ${call.type} is not supported by this agent.`, 501)
        );
    }
  }

  async #snapshot(
    { type, get_containers: wanted }: AgentCall,
    answer: (fields: Omit<AgentResponse, "type">) => Answer,
    principal: Principal,
  ): Promise<Answer | undefined> {
    const { permissions, usage } = this.#options;
    const view = (): AgentView => permissions.visible(principal);
    switch (type) {
      case "GET_STATE":
        return answer({
          get_state: {
            get_tasks: tasksOf(view()),
            get_executors: executorsOf(view()),
            get_frameworks: frameworksOf(view()),
          },
        });
      case "GET_TASKS":
        return answer({ get_tasks: tasksOf(view()) });
      case "GET_EXECUTORS":
        return answer({ get_executors: executorsOf(view()) });
      case "GET_FRAMEWORKS":
        return answer({ get_frameworks: frameworksOf(view()) });
      case "GET_AGENT":
        return answer({ get_agent: agentAnswer(view()) });
      case "GET_OPERATIONS":
        return answer({ get_operations: { operations: operationsOf(view()) } });
      case "GET_RESOURCE_PROVIDERS":
        return answer({ get_resource_providers: { resource_providers: [] } });
      case "GET_CONTAINERS": {
        const showsNested = wanted?.show_nested === true;
        const sessions = showsNested ? this.#nested.all() : [];
        const measured = permissions
          .visibleContainers(principal, await usage.containers())
          .filter(({ run }) => showsNested || run === undefined);
        const showsOwn =
          wanted?.show_standalone === true && permissions.may(principal, "view_standalone_containers");
        const standalone = showsOwn ? await this.#options.standalone.list() : [];
        return answer({
          get_containers: { containers: [...containersOf(measured, sessions), ...standalone] },
        });
      }
      default:
        return undefined;
    }
  }

  async #container(
    call: AgentCall,
    head: Head,
    asker: SessionAsker,
    answer: (fields: Omit<AgentResponse, "type">) => Answer,
  ): Promise<Answer | undefined> {
    switch (call.type) {
      case "LAUNCH_NESTED_CONTAINER":
      case "LAUNCH_CONTAINER": {
        const request = present(call.launch_nested_container ?? call.launch_container, call.type);
        if (call.type === "LAUNCH_CONTAINER" && request.container_id.parent === undefined)
          return empty((await this.#options.standalone.launch(request)) ? 200 : 202);
        const launched = await this.#nested.launch(nestedOnly(request), asker);
        return empty(launched === undefined ? 202 : 200);
      }
      case "LAUNCH_NESTED_CONTAINER_SESSION": {
        const request = present(call.launch_nested_container_session, call.type);
        const launched = await this.#nested.launch(request, asker);
        if (launched === undefined)
          throw new CodedError<ErrorCode>("InvalidRequest", "The container has already been launched");
        return this.#stream(launched, head, { endsWithReader: true });
      }
      case "ATTACH_CONTAINER_OUTPUT": {
        const { container_id: id } = present(call.attach_container_output, call.type);
        const terminal = this.#terminals.find(id);
        if (terminal === undefined) return this.#stream(this.#known(id), head, { endsWithReader: false });
        const from = await this.#terminals.now(terminal);
        return streamTo(head, (response) => {
          void this.#terminals.show(terminal, from, { response, encoding: head.answerEncoding });
        });
      }
      case "WAIT_NESTED_CONTAINER":
      case "WAIT_CONTAINER": {
        const { container_id: id } = present(call.wait_nested_container ?? call.wait_container, call.type);
        const own = call.type === "WAIT_CONTAINER" ? this.#options.standalone.get(id) : undefined;
        const waited =
          own === undefined
            ? waitAnswer(await this.#known(id).ended)
            : await this.#options.standalone.wait(own);
        return answer(
          call.type === "WAIT_CONTAINER" ? { wait_container: waited } : { wait_nested_container: waited },
        );
      }
      case "KILL_NESTED_CONTAINER":
      case "KILL_CONTAINER": {
        const request = present(call.kill_nested_container ?? call.kill_container, call.type);
        const name = signalOf(request.signal ?? signalDefault);
        const { standalone } = this.#options;
        const own = call.type === "KILL_CONTAINER" ? standalone.get(request.container_id) : undefined;
        if (own !== undefined) await standalone.signal(own, name);
        else kill(this.#known(request.container_id), name);
        return empty(200);
      }
      case "REMOVE_NESTED_CONTAINER":
      case "REMOVE_CONTAINER": {
        const { container_id: id } = present(
          call.remove_nested_container ?? call.remove_container,
          call.type,
        );
        if (call.type === "REMOVE_CONTAINER" && id.parent === undefined)
          await this.#options.standalone.remove(id);
        else this.#nested.remove(id);
        return empty(200);
      }
      case "PRUNE_IMAGES":
        await this.#options.driver.pruneImages(
          (call.prune_images?.excluded_images ?? []).flatMap(({ docker }) => docker?.name ?? []),
        );
        return empty(200);
      default:
        return undefined;
    }
  }

  #known(id: ContainerID): NestedContainer {
    const container = this.#nested.get(id);
    if (container !== undefined) return container;
    const isTask = [...this.#options.view().frameworks.values()].some(({ runs, executors }) =>
      [...runs, ...executors].some(({ spec }) => spec.containerId === id.value),
    );
    if ((isTask || this.#options.standalone.get(id) !== undefined) && id.parent === undefined)
      throw new CodedError<ErrorCode>(
        "InvalidRequest",
        `Container ${id.value} has no I/O switchboard: its output is in its sandbox`,
      );
    throw new CodedError<ErrorCode>("NotFound", `Container ${id.value} cannot be found`);
  }

  #stream(
    { output, session }: NestedContainer,
    head: Head,
    { endsWithReader }: { readonly endsWithReader: boolean },
  ): Answer {
    return streamTo(head, (response) => {
      if (endsWithReader) response.on("close", () => session.kill());
      output.attach(response, head.answerEncoding);
    });
  }

  async #listFiles(path: string | undefined) {
    const entries = await listEntries(this.#options.files, present(path, "LIST_FILES"));
    return entries.map(({ path: entry, stat }) => ({
      path: entry,
      nlink: stat.nlink,
      size: stat.size,
      mtime: { nanoseconds: Math.floor(stat.mtimeMs / 1000) * 1_000_000_000 },
      mode: stat.mode,
      uid: String(stat.uid),
      gid: String(stat.gid),
    }));
  }

  async #readFile({ read_file: wanted }: AgentCall) {
    const { path, offset, length } = present(wanted, "READ_FILE");
    const { size, bytes } = await readBytes(this.#options.files, { path, offset, length });
    return { size, data: bytes.toString("base64") };
  }
}

/** `show` has the response once its head is out. */
function streamTo({ answerEncoding, isStreamOut }: Head, show: (response: ServerResponse) => void): Answer {
  return takeOver((response) => {
    response.writeHead(200, {
      "content-type": isStreamOut ? recordioType : mediaTypes[answerEncoding],
      ...(isStreamOut ? { "message-content-type": mediaTypes[answerEncoding] } : {}),
      "cache-control": "no-cache",
      "transfer-encoding": "chunked",
    });
    response.flushHeaders();
    response.socket?.setNoDelay(true);
    response.socket?.setTimeout(0);
    show(response);
  });
}

function respond(
  type: AgentCallType | undefined,
  fields: Omit<AgentResponse, "type">,
  encoding: MessageEncoding,
): Answer {
  // Each case names the field that its type has, and types of answers are those of the calls that have one.
  const body = writeMessage("AgentResponse", { type, ...fields } as AgentResponse, encoding);
  return {
    kind: "plain",
    status: 200,
    headers: { "content-type": mediaTypes[encoding] },
    body: typeof body === "string" ? body : Buffer.from(body),
  };
}

function present<Value>(value: Value | undefined, type: AgentCallType): Value {
  if (value !== undefined) return value;
  throw new CodedError<ErrorCode>("InvalidRequest", `Expecting '${type.toLowerCase()}' to be present`);
}

function nestedOnly(
  request: NestedRequest & { readonly resources?: readonly unknown[]; readonly limits?: object },
) {
  if (request.container_id.parent === undefined || (request.resources ?? []).length > 0)
    throw new CodedError<ErrorCode>(
      "InvalidRequest",
      "Expecting 'container_id.parent' to be present, and no resources",
    );
  if (Object.keys(request.limits ?? {}).length > 0)
    throw new CodedError<ErrorCode>("InvalidRequest", "a nested container has the limits of its task");
  return request;
}

function signalOf(signal: number): NodeJS.Signals {
  const name = signalNames.get(signal);
  if (name !== undefined) return name;
  throw new CodedError<ErrorCode>(
    "InvalidRequest",
    `signal ${signal} is not passed on; 9, 15 and a few others are`,
  );
}

function kill({ session, exit }: NestedContainer, name: NodeJS.Signals): void {
  if (exit === undefined) session.signal(name);
}

/** `exit_status` is a wait status. */
function waitAnswer(exit: ContainerExit) {
  switch (exit.kind) {
    case "exited":
      return { exit_status: exit.status << 8, message: `Command exited with status ${exit.status}` };
    case "signaled":
      return {
        exit_status: exit.signal | (exit.core ? 0x80 : 0),
        message: `Command terminated with signal ${exit.signalName}`,
      };
    case "unknown":
      return { exit_status: signalDefault, message: "Command terminated with signal SIGKILL" };
  }
}

const one = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === "string" ? header : header?.[0];

async function readBody(body: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  body.setTimeout(httpLimits.requestTimeoutMs, () => body.destroy());
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > httpLimits.bodyBytes)
      throw new CodedError<ErrorCode>("BodyTooLarge", "the body is larger than this server takes");
    pieces.push(piece);
  }
  body.socket.setTimeout(0);
  return Buffer.concat(pieces);
}
