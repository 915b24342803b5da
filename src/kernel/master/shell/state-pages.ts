/** The lists of the master's state that are long, in pages; and what each of their texts depends on. */
import { messageJson } from "#contracts/kernel/json-codec.ts";
import { encodeDelimited, messageTag } from "#contracts/kernel/protobuf-codec.ts";
import {
  type AgentRecord,
  type FrameworkRecord,
  isActive,
  type MasterState,
  type OfferRecord,
  type TaskRecord,
} from "../core/index.ts";
import { agentMessage, taskMessage } from "./operator-messages.ts";
import { PageBudget, type PageKind, Pages } from "./pages.ts";
import { agentFullJson, agentJson, offerJson, taskJson } from "./v0-records.ts";

/** The lists of tasks that a framework has, by the names that they have in messages. */
export type TaskListName = "tasks" | "unreachable_tasks" | "completed_tasks";

const bytesMaxDefault = 512 * 1_048_576;

function agentStamp(agent: AgentRecord, into: unknown[]): void {
  const { info, pid, version, capabilities, total, standing, reregisteredAt, offers } = agent;
  into.push(info, pid, version, capabilities, total, standing, reregisteredAt, isActive(agent));
  // As `holdersOn` has it, without a generator: a big cluster has a million of them.
  for (const { resources } of agent.executors.values()) into.push(resources);
  for (const { isReleased, resources } of agent.tasks) if (!isReleased) into.push(resources);
  for (const { resources } of offers.values()) into.push(resources);
}

const tasks: PageKind<TaskRecord> = {
  write: (task) => JSON.stringify(taskJson(task)),
  stamp: ({ state, statuses }, into) => void into.push(state, statuses),
};
const taskMessages: PageKind<TaskRecord> = {
  write: (task) => messageJson(taskMessage(task)),
  stamp: ({ state, statuses, forwardedState, forwardedUuid }, into) =>
    void into.push(state, statuses, forwardedState, forwardedUuid),
};
/** Of one of the fields of a protobuf `GetTasks`. */
const taskFields = (field: TaskListName): PageKind<TaskRecord> => ({
  lead: messageTag("MasterResponseGetTasks", field),
  write: (task) => encodeDelimited("Task", taskMessage(task)),
  stamp: taskMessages.stamp,
});
const agents: PageKind<AgentRecord> = {
  write: (agent) => JSON.stringify(agentJson(agent)),
  stamp: agentStamp,
};
const fullAgents: PageKind<AgentRecord> = {
  write: (agent) => JSON.stringify(agentFullJson(agent)),
  stamp: agentStamp,
};
const agentMessages: PageKind<AgentRecord> = {
  write: (agent) => JSON.stringify(agentMessage(agent)),
  stamp: agentStamp,
};
const agentFields: PageKind<AgentRecord> = {
  lead: messageTag("MasterResponseGetAgents", "agents"),
  write: (agent) => encodeDelimited("MasterResponseGetAgentsAgent", agentMessage(agent)),
  stamp: agentStamp,
};
const offers: PageKind<OfferRecord> = {
  write: (offer) => JSON.stringify(offerJson(offer)),
  // An offer never changes.
  stamp: () => undefined,
};

export class StatePages {
  readonly budget: PageBudget;
  readonly tasks: Pages<TaskRecord>;
  readonly taskMessages: Pages<TaskRecord>;
  readonly agents: Pages<AgentRecord>;
  readonly fullAgents: Pages<AgentRecord>;
  readonly agentMessages: Pages<AgentRecord>;
  readonly offers: Pages<OfferRecord>;
  /** In protobuf. */
  readonly taskFields: Readonly<Record<TaskListName, Pages<TaskRecord>>>;
  readonly agentFields: Pages<AgentRecord>;
  readonly #all: readonly { retain(lists: ReadonlySet<object>): void }[];

  constructor(bytesMax = bytesMaxDefault, itemsPerPage?: number) {
    this.budget = new PageBudget(bytesMax);
    this.tasks = new Pages(tasks, this.budget, itemsPerPage);
    this.taskMessages = new Pages(taskMessages, this.budget, itemsPerPage);
    this.agents = new Pages(agents, this.budget, itemsPerPage);
    this.fullAgents = new Pages(fullAgents, this.budget, itemsPerPage);
    this.agentMessages = new Pages(agentMessages, this.budget, itemsPerPage);
    this.offers = new Pages(offers, this.budget, itemsPerPage);
    const fieldPages = (name: TaskListName): Pages<TaskRecord> =>
      new Pages(taskFields(name), this.budget, itemsPerPage);
    this.taskFields = {
      tasks: fieldPages("tasks"),
      unreachable_tasks: fieldPages("unreachable_tasks"),
      completed_tasks: fieldPages("completed_tasks"),
    };
    this.agentFields = new Pages(agentFields, this.budget, itemsPerPage);
    this.#all = [
      this.tasks,
      this.taskMessages,
      this.agents,
      this.fullAgents,
      this.agentMessages,
      this.offers,
      ...Object.values(this.taskFields),
      this.agentFields,
    ];
  }

  /** Lets go of what is no longer in the state. */
  retain({ frameworks, completedFrameworks, agents }: MasterState): void {
    const all: readonly FrameworkRecord[] = [...frameworks.values(), ...completedFrameworks.values()];
    const alive = new Set<object>([
      agents,
      ...all.flatMap((each) => [each.tasks, each.unreachableTasks, each.completedTasks, each.offers]),
    ]);
    for (const pages of this.#all) pages.retain(alive);
  }
}
