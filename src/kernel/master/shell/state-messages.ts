/**
 * `GET_STATE` and its kin of the operator API, in JSON and protobuf, in pieces like `/state`. A protobuf message says its
 * length before it begins, so its pieces are held until all of it is there; most of them are pages.
 */
import type { ErrorCode } from "#contracts/errors.ts";
import type { MessageEncoding } from "#contracts/kernel/encoding.ts";
import { messageJson } from "#contracts/kernel/json-codec.ts";
import type { AgentInfo, MasterEvent, MasterResponse, MessageTypes } from "#contracts/kernel/messages.gen.ts";
import {
  encodeDelimited,
  encodeProtobuf,
  messageHead,
  messageTag,
} from "#contracts/kernel/protobuf-codec.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { AgentRecord, ExecutorRecord, FrameworkRecord, MasterState, TaskRecord } from "../core/index.ts";
import { agentMessage, executorMessage, frameworkMessage } from "./operator-messages.ts";
import { arrayOf, fieldsOf, nothing, type Page, type Pages } from "./pages.ts";
import type { Pieces, StateView } from "./state-answer.ts";
import type { TaskListName } from "./state-pages.ts";
import { visibleAgent, visibleState } from "./viewer.ts";

export const stateMessages = {
  GET_TASKS: { json: getTasksPieces, protobuf: getTasksFields },
  GET_STATE: { json: getStatePieces, protobuf: getStateFields },
  GET_AGENTS: { json: getAgentsPieces, protobuf: getAgentsFields },
  GET_FRAMEWORKS: { json: getFrameworksPieces, protobuf: getFrameworksFields },
  GET_EXECUTORS: { json: getExecutorsPieces, protobuf: getExecutorsFields },
} as const satisfies Readonly<Record<string, Readonly<Record<MessageEncoding, (view: StateView) => Pieces>>>>;

/** The first event of a subscriber: all that there is. */
export const subscribedMessages = (
  heartbeatSeconds: number,
): Readonly<Record<MessageEncoding, (view: StateView) => Pieces>> => ({
  *json(view) {
    yield Buffer.from('{"type":"SUBSCRIBED","subscribed":{"get_state":');
    yield* statePieces(view);
    yield Buffer.from(`,"heartbeat_interval_seconds":${heartbeatSeconds}}}`);
  },
  *protobuf(view) {
    yield bytesOf("MasterEvent", { type: "SUBSCRIBED" } satisfies MasterEvent);
    yield* enclosed(view, messageTag("MasterEvent", "subscribed"), subscribedFields(view, heartbeatSeconds));
  },
});

function* getTasksPieces(view: StateView): Pieces {
  yield Buffer.from('{"type":"GET_TASKS","get_tasks":');
  yield* taskPieces(view);
  yield Buffer.from("}");
}

function* getAgentsPieces(view: StateView): Pieces {
  yield Buffer.from('{"type":"GET_AGENTS","get_agents":');
  yield* agentPieces(view);
  yield Buffer.from("}");
}

function* getFrameworksPieces(view: StateView): Pieces {
  yield Buffer.from('{"type":"GET_FRAMEWORKS","get_frameworks":');
  yield* frameworkPieces(visibleState(view.state, view.viewer));
  yield Buffer.from("}");
}

function* getExecutorsPieces(view: StateView): Pieces {
  yield Buffer.from('{"type":"GET_EXECUTORS","get_executors":');
  yield* executorPieces(visibleState(view.state, view.viewer));
  yield Buffer.from("}");
}

function* getStatePieces(view: StateView): Pieces {
  yield Buffer.from('{"type":"GET_STATE","get_state":');
  yield* statePieces(view);
  yield Buffer.from("}");
}

function* statePieces(view: StateView): Pieces {
  yield Buffer.from('{"get_tasks":');
  yield* taskPieces(view);
  const seen = visibleState(view.state, view.viewer);
  yield Buffer.from(',"get_executors":');
  yield* executorPieces(seen);
  yield Buffer.from(',"get_frameworks":');
  yield* frameworkPieces(seen);
  yield Buffer.from(',"get_agents":');
  yield* agentPieces(view);
  yield Buffer.from("}");
}

function* taskPieces(view: StateView): Pieces {
  yield Buffer.from('{"pending_tasks":[],');
  for (const name of taskLists) {
    yield Buffer.from(`"${name}":[`);
    // One array of the lists of all frameworks.
    yield* arrayOf(pagesOfAll(view, name, view.pages.taskMessages), shownTask(view));
    yield Buffer.from("],");
  }
  yield Buffer.from('"orphan_tasks":[]}');
}

function* executorPieces(seen: MasterState): Pieces {
  yield Buffer.from('{"executors":[');
  yield* listed(executorsOf(seen), executorMessage);
  yield Buffer.from('],"orphan_executors":[]}');
}

function* frameworkPieces(seen: MasterState): Pieces {
  const message = (framework: FrameworkRecord) => frameworkMessage(seen, framework);
  yield Buffer.from('{"frameworks":[');
  yield* listed(seen.frameworks.values(), message);
  yield Buffer.from('],"completed_frameworks":[');
  yield* listed(seen.completedFrameworks.values(), message);
  yield Buffer.from('],"recovered_frameworks":[]}');
}

/** The inside of an array, an item a piece. */
function* listed<Item>(items: Iterable<Item>, message: (item: Item) => object): Pieces {
  let lead = "";
  for (const item of items) {
    yield Buffer.from(`${lead}${messageJson(message(item))}`);
    lead = ",";
  }
}

function* executorsOf({ frameworks }: MasterState): Generator<ExecutorRecord> {
  for (const { executors } of frameworks.values()) yield* executors;
}

function* agentPieces(view: StateView): Pieces {
  const { state, viewer, pages } = view;
  yield Buffer.from('{"agents":[');
  yield* arrayOf(
    pages.agentMessages.of(state.agents, state.agents.values()),
    (agent) => isWhole(view, agent) || JSON.stringify(visibleAgent(agentMessage(agent), viewer)),
  );
  yield Buffer.from(`],"recovered_agents":${JSON.stringify(recoveredAgents(state))}}`);
}

function* getTasksFields(view: StateView): Pieces {
  yield bytesOf("MasterResponse", { type: "GET_TASKS" } satisfies MasterResponse);
  yield* enclosed(view, messageTag("MasterResponse", "get_tasks"), taskFields(view));
}

function* getAgentsFields(view: StateView): Pieces {
  yield bytesOf("MasterResponse", { type: "GET_AGENTS" } satisfies MasterResponse);
  yield* enclosed(view, messageTag("MasterResponse", "get_agents"), agentFields(view));
}

function* getFrameworksFields(view: StateView): Pieces {
  yield bytesOf("MasterResponse", { type: "GET_FRAMEWORKS" } satisfies MasterResponse);
  const seen = visibleState(view.state, view.viewer);
  yield* enclosed(view, messageTag("MasterResponse", "get_frameworks"), frameworkFields(seen));
}

function* getExecutorsFields(view: StateView): Pieces {
  yield bytesOf("MasterResponse", { type: "GET_EXECUTORS" } satisfies MasterResponse);
  const seen = visibleState(view.state, view.viewer);
  yield* enclosed(view, messageTag("MasterResponse", "get_executors"), executorFields(seen));
}

function* getStateFields(view: StateView): Pieces {
  yield bytesOf("MasterResponse", { type: "GET_STATE" } satisfies MasterResponse);
  yield* enclosed(view, messageTag("MasterResponse", "get_state"), stateFields(view));
}

function* subscribedFields(view: StateView, heartbeatSeconds: number): Pieces {
  yield* enclosed(view, messageTag("MasterEventSubscribed", "get_state"), stateFields(view));
  yield bytesOf("MasterEventSubscribed", { heartbeat_interval_seconds: heartbeatSeconds });
}

function* stateFields(view: StateView): Pieces {
  yield* enclosed(view, messageTag("MasterResponseGetState", "get_tasks"), taskFields(view));
  const seen = visibleState(view.state, view.viewer);
  yield* enclosed(view, messageTag("MasterResponseGetState", "get_executors"), executorFields(seen));
  yield* enclosed(view, messageTag("MasterResponseGetState", "get_frameworks"), frameworkFields(seen));
  yield* enclosed(view, messageTag("MasterResponseGetState", "get_agents"), agentFields(view));
}

function* taskFields(view: StateView): Pieces {
  for (const name of taskLists)
    yield* fieldsOf(pagesOfAll(view, name, view.pages.taskFields[name]), shownTask(view));
}

function* executorFields(seen: MasterState): Pieces {
  for (const executor of executorsOf(seen))
    yield bytesOf("MasterResponseGetExecutors", { executors: [executorMessage(executor)] });
}

function* frameworkFields(seen: MasterState): Pieces {
  const message = (framework: FrameworkRecord) => frameworkMessage(seen, framework);
  for (const framework of seen.frameworks.values())
    yield bytesOf("MasterResponseGetFrameworks", { frameworks: [message(framework)] });
  for (const framework of seen.completedFrameworks.values())
    yield bytesOf("MasterResponseGetFrameworks", { completed_frameworks: [message(framework)] });
}

function* agentFields(view: StateView): Pieces {
  const { state, viewer, pages } = view;
  yield* fieldsOf(
    pages.agentFields.of(state.agents, state.agents.values()),
    (agent) =>
      isWhole(view, agent) ||
      encodeDelimited("MasterResponseGetAgentsAgent", visibleAgent(agentMessage(agent), viewer)),
  );
  // Of one whose agent has not come back, no more is known.
  const recovered = recoveredAgents(state) as readonly AgentInfo[];
  yield bytesOf("MasterResponseGetAgents", { recovered_agents: recovered });
}

/** A message as a field of another. Empty pieces come while it is made, so that whoever writes may pause there. */
function* enclosed({ heldBytesMax }: StateView, tag: number, inner: Pieces): Pieces {
  const pieces: Buffer[] = [];
  let length = 0;
  for (const piece of inner) {
    length += piece.length;
    if (length > heldBytesMax) throw tooLarge(heldBytesMax);
    if (piece.length > 0) pieces.push(piece);
    yield nothing;
  }
  yield Buffer.from(messageHead(tag, length));
  yield* pieces;
}

const tooLarge = (bytesMax: number): CodedError<ErrorCode> =>
  new CodedError(
    "Overloaded",
    `the state has more than ${bytesMax} bytes in protobuf, which is as much as is held; ask for it in JSON`,
  );

const taskLists: readonly TaskListName[] = ["tasks", "unreachable_tasks", "completed_tasks"];

function* pagesOfAll(
  { state, viewer }: StateView,
  name: TaskListName,
  pages: Pages<TaskRecord>,
): Generator<Page<TaskRecord>> {
  for (const framework of [...state.frameworks.values(), ...state.completedFrameworks.values()]) {
    if (!viewer.seesFramework(framework)) continue;
    const list = listOf(framework, name);
    yield* pages.of(list, list.values());
  }
}

function listOf(
  framework: FrameworkRecord,
  name: TaskListName,
): { readonly values: () => Iterable<TaskRecord> } {
  if (name === "tasks") return framework.tasks;
  return name === "unreachable_tasks" ? framework.unreachableTasks : framework.completedTasks;
}

const shownTask = ({ state, viewer }: StateView): ((task: TaskRecord) => boolean) | undefined =>
  viewer.seesAll ? undefined : (task) => viewer.seesTask(frameworkOf(state, task), task);

const frameworkOf = (
  { frameworks, completedFrameworks }: MasterState,
  { frameworkId }: TaskRecord,
): FrameworkRecord | undefined => frameworks.get(frameworkId) ?? completedFrameworks.get(frameworkId);

/** Nothing of it is reserved for a role that the viewer may not see. */
const isWhole = ({ viewer }: StateView, { total }: AgentRecord): boolean =>
  viewer.seesAll || !total.entries.some(({ reservations }) => reservations.length > 0);

const recoveredAgents = ({ recovered }: MasterState) =>
  [...recovered.values()].map(({ agentId, hostname }) => ({ id: { value: agentId }, hostname }));

const bytesOf = <Name extends keyof MessageTypes>(name: Name, message: MessageTypes[Name]): Buffer =>
  Buffer.from(encodeProtobuf(name, message));
