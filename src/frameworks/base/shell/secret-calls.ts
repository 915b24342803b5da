/**
 * Calls on their way to the master. Tasks that refer to kept secrets get their values here, so that the core, its
 * records and its traces never have one. A call that waits for values holds back those after it: they keep their order.
 * Source: contract platform.md section 11.1.
 */
import type {
  CommandInfo,
  ContainerInfo,
  OfferOperation,
  Secret,
  TaskInfo,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import { mayUseSecret, secretsOfVolume, volumeWithSecrets } from "#domain/secrets/index.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import type { FrameworkCall } from "../core/framework-call.ts";

/** base64; throws with a sentence that says why there is none. */
export type ValueOf = (path: string) => Promise<string>;

interface SecretCallsOptions {
  readonly send: (call: FrameworkCall) => void;
  readonly valueOf: ValueOf;
  /** Path of what a task is launched for, such as `/shop/cart`: secrets in a folder are for those below it. */
  readonly ownerOf: (taskId: string) => string;
  /** A task that is not launched for want of a secret. */
  readonly onRefused: (status: TaskStatus) => void;
}

/** A value, or why there is none. */
type Found = { readonly data: string } | { readonly problem: string };
/** By the name that tasks refer to it with. */
type Values = ReadonlyMap<string, Found>;

export class SecretCalls {
  readonly #options: SecretCallsOptions;
  /** Resolves when all calls so far are sent; undefined while none waits. */
  #waiting: Promise<void> | undefined;

  constructor(options: SecretCallsOptions) {
    this.#options = options;
  }

  send(call: FrameworkCall): void {
    const names = new Set(tasksOf(call).flatMap((task) => secretsIn(task).map(nameOf)));
    if (names.size === 0 && this.#waiting === undefined) return this.#options.send(call);
    const values = this.#read(names);
    const sent = (this.#waiting ?? Promise.resolve())
      .then(async () => this.#complete(call, await values))
      .then(() => {
        if (this.#waiting === sent) this.#waiting = undefined;
      });
    this.#waiting = sent;
  }

  async #read(names: ReadonlySet<string>): Promise<Values> {
    const read = async (name: string): Promise<readonly [string, Found]> => {
      try {
        return [name, { data: await this.#options.valueOf(name.replace(/^\//, "")) }];
      } catch (error) {
        return [name, { problem: errorMessage(error) }];
      }
    };
    return new Map(await Promise.all([...names].map(read)));
  }

  #complete(call: FrameworkCall, values: Values): void {
    const { accept } = call;
    if (accept === undefined) return this.#options.send(call);
    const refused: TaskStatus[] = [];
    const operations = (accept.operations ?? []).flatMap((operation) => {
      const completed = this.#operation(operation, values, refused);
      return completed === undefined ? [] : [completed];
    });
    this.#options.send({ ...call, accept: { ...accept, operations } });
    for (const status of refused) this.#options.onRefused(status);
  }

  /** Undefined when nothing is left to launch. A group is launched whole or not at all. */
  #operation(operation: OfferOperation, values: Values, refused: TaskStatus[]): OfferOperation | undefined {
    const { launch, launch_group: group } = operation;
    if (group !== undefined) {
      const tasks = group.task_group.tasks ?? [];
      const problem = tasks.map((task) => this.#problemOf(task, values)).find((found) => found !== undefined);
      if (problem === undefined)
        return {
          ...operation,
          launch_group: { ...group, task_group: { tasks: tasks.map((task) => withValues(task, values)) } },
        };
      refused.push(...tasks.map((task) => failed(task, problem)));
      return undefined;
    }
    if (launch === undefined) return operation;
    const infos = (launch.task_infos ?? []).flatMap((task) => {
      const problem = this.#problemOf(task, values);
      if (problem === undefined) return [withValues(task, values)];
      refused.push(failed(task, problem));
      return [];
    });
    return infos.length === 0 ? undefined : { ...operation, launch: { task_infos: infos } };
  }

  #problemOf(task: TaskInfo, values: Values): string | undefined {
    const owner = this.#options.ownerOf(task.task_id.value);
    for (const secret of secretsIn(task)) {
      const name = nameOf(secret);
      const path = name.replace(/^\//, "");
      if (!mayUseSecret(owner, path))
        return `the secret ${path} is not for ${owner}: only what is below its folder may use it`;
      const found = values.get(name);
      if (found === undefined || "problem" in found)
        return `the secret ${path} can't be had: ${found === undefined ? "it was not read" : found.problem}`;
    }
    return undefined;
  }
}

function tasksOf({ accept }: FrameworkCall): readonly TaskInfo[] {
  return (accept?.operations ?? []).flatMap(({ launch, launch_group: group }) => [
    ...(launch?.task_infos ?? []),
    ...(group?.task_group.tasks ?? []),
  ]);
}

const nameOf = (secret: Secret): string => secret.reference?.name ?? "";

const inCommand = (command: CommandInfo | undefined): readonly Secret[] =>
  (command?.environment?.variables ?? []).flatMap(({ secret }) => secret ?? []);

function secretsIn({ command, container, executor }: TaskInfo): readonly Secret[] {
  const files = (container?.volumes ?? []).flatMap(secretsOfVolume);
  const pull = container?.mesos?.image?.docker?.config;
  const all = [...inCommand(command), ...inCommand(executor?.command), ...files, ...(pull ? [pull] : [])];
  return all.filter(({ type }) => type === "REFERENCE");
}

const failed = ({ task_id, agent_id }: TaskInfo, message: string): TaskStatus => ({
  task_id,
  agent_id,
  state: "TASK_FAILED",
  message,
});

function withValues(task: TaskInfo, values: Values): TaskInfo {
  const filled = (secret: Secret): Secret => {
    const found = values.get(nameOf(secret));
    return found === undefined || "problem" in found
      ? secret
      : { type: "VALUE", value: { data: found.data } };
  };
  const { command, container, executor } = task;
  return {
    ...task,
    ...(command === undefined ? {} : { command: filledCommand(command, filled) }),
    ...(container === undefined ? {} : { container: filledContainer(container, filled) }),
    ...(executor?.command === undefined
      ? {}
      : { executor: { ...executor, command: filledCommand(executor.command, filled) } }),
  };
}

type Fill = (secret: Secret) => Secret;

function filledCommand(command: CommandInfo, filled: Fill): CommandInfo {
  if (inCommand(command).length === 0) return command;
  const variables = (command.environment?.variables ?? []).map((variable) =>
    variable.secret === undefined ? variable : { ...variable, secret: filled(variable.secret) },
  );
  return { ...command, environment: { variables } };
}

function filledContainer(container: ContainerInfo, filled: Fill): ContainerInfo {
  const volumes = (container.volumes ?? []).map((volume) => volumeWithSecrets(volume, filled));
  const { mesos } = container;
  const docker = mesos?.image?.docker;
  if (mesos?.image === undefined || docker?.config === undefined) return { ...container, volumes };
  const image = { ...mesos.image, docker: { ...docker, config: filled(docker.config) } };
  return { ...container, volumes, mesos: { ...mesos, image } };
}
