/** `keelson node maintenance`: windows in which machines will not be there, and machines that are down. */

import type { ReplyOf } from "#contracts/endpoint.ts";
import {
  type MaintenanceWindow,
  putMaintenance,
  showMaintenance,
  startMaintenance,
  stopMaintenance,
} from "#contracts/kernel/maintenance-endpoints.ts";
import { listNodes, type NodeItem } from "#contracts/kernel/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { span } from "../output/table.ts";
import type { View } from "../output/view.ts";
import { everyItem } from "../paging.ts";
import { findNode } from "./node.ts";

type Shown = ReplyOf<typeof showMaintenance>;
interface Machine {
  readonly hostname: string;
  readonly ip: string;
}

const ask = ({ connection }: Context): Promise<Shown> => connection.call("kernel", showMaintenance, {});
const isSame = (one: Machine) => (other: Machine) => one.hostname === other.hostname && one.ip === other.ip;
const nameOf = ({ hostname, ip }: Machine): string => (hostname === "" ? ip : hostname);

export async function maintenanceList(context: Context): Promise<View> {
  const { machines, windows } = await ask(context);
  return {
    kind: "table",
    data: machines.map((machine) => ({ ...machine, ...timesOf(windows, machine) })),
    names: machines.map(nameOf),
    empty: context.say("maintenance.none"),
    rows: machines.map((machine) => {
      const { startsAt, durationMs } = timesOf(windows, machine);
      return {
        host: machine.hostname,
        ip: machine.ip,
        state: {
          text: context.say(`state.maintenance.${machine.mode}`),
          tone: machine.mode === "down" ? ("bad" as const) : ("warning" as const),
        },
        starts: new Date(startsAt).toISOString(),
        duration: durationMs === undefined ? undefined : span(durationMs),
        accepted: machine.accepted.join(","),
        declined: machine.declined.join(","),
        agent: machine.agentId,
      };
    }),
  };
}

const timesOf = (
  windows: readonly MaintenanceWindow[],
  machine: Machine,
): Omit<MaintenanceWindow, "machines"> =>
  windows.find(({ machines }) => machines.some(isSame(machine))) ?? { startsAt: 0 };

export async function maintenanceSchedule(context: Context, input: Input): Promise<ExitCode> {
  const machine = await machineOfNode(context, input.word(0));
  const startsAt = startOf(input);
  const durationMs = input.durationMs("for");
  const { windows } = await ask(context);
  const window = { machines: [machine], startsAt, ...(durationMs === undefined ? {} : { durationMs }) };
  await put(context, [...without(windows, machine), window]);
  return await told(context, "maintenance.scheduled", machine, {
    start: new Date(startsAt).toISOString(),
    isKnown: durationMs === undefined ? 0 : 1,
    duration: span(durationMs ?? 0),
  });
}

/** `--at` as a date, or `--in` from now; now when neither is given. */
function startOf(input: Input): number {
  const at = input.text("at");
  if (at === undefined) return Date.now() + (input.durationMs("in") ?? 0);
  const given = Date.parse(at);
  if (Number.isNaN(given)) throw new UsageError("usage.notADate", { name: "--at", given: at }, input.path);
  return given;
}

export async function maintenanceCancel(context: Context, input: Input): Promise<ExitCode> {
  const { windows, machines } = await ask(context);
  const machine = scheduled(context, machines, input.word(0));
  await put(context, without(windows, machine));
  return await told(context, "maintenance.cancelled", machine);
}

export async function maintenanceStart(context: Context, input: Input): Promise<ExitCode> {
  const { machines } = await ask(context);
  const machine = scheduled(context, machines, input.word(0));
  // Several agents may share a machine.
  const { items } = await everyItem(context, (query) =>
    context.connection.call("kernel", listNodes, { query }),
  );
  const agents = items.filter((node) => node.url !== "" && isSame(machine)(machineOf(node)));
  const count = agents.reduce((sum, { tasks }) => sum + tasks, 0);
  await confirm(context, {
    effect: context.say("confirm.maintenanceStart", { name: nameOf(machine), count, agents: agents.length }),
  });
  const body = { machines: [{ hostname: machine.hostname, ip: machine.ip }] };
  await context.connection.call("kernel", startMaintenance, { body });
  return await told(context, "maintenance.started", machine);
}

export async function maintenanceStop(context: Context, input: Input): Promise<ExitCode> {
  const { machines } = await ask(context);
  const machine = scheduled(context, machines, input.word(0));
  const body = { machines: [{ hostname: machine.hostname, ip: machine.ip }] };
  await context.connection.call("kernel", stopMaintenance, { body });
  return await told(context, "maintenance.stopped", machine);
}

async function machineOfNode(context: Context, text: string): Promise<Machine> {
  const node = await findNode(context, text);
  if (node.url === "")
    throw new CommandFailed(context.say("maintenance.notRegistered", { name: text }), exitCodes.refused);
  return machineOf(node);
}

/** Where the agent of a node answers is its machine. */
const machineOf = ({ hostname, url }: NodeItem): Machine => ({
  hostname,
  ip: new URL(url).hostname.replace(/^\[|\]$/g, ""),
});

/** A machine of the schedule by its host name, its address, or the id of its agent. */
function scheduled(context: Context, machines: Shown["machines"], text: string): Shown["machines"][number] {
  const found = machines.filter(
    ({ hostname, ip, agentId }) => hostname === text || ip === text || agentId === text,
  );
  const [machine] = found;
  if (machine !== undefined && found.length === 1) return machine;
  const key = machine === undefined ? "maintenance.unknown" : "maintenance.several";
  throw new CommandFailed(
    context.say(key, { text }),
    machine === undefined ? exitCodes.notFound : exitCodes.usage,
  );
}

const without = (windows: readonly MaintenanceWindow[], machine: Machine): readonly MaintenanceWindow[] =>
  windows.flatMap((window) => {
    const machines = window.machines.filter((other) => !isSame(machine)(other));
    return machines.length === 0 ? [] : [{ ...window, machines }];
  });

async function put({ connection }: Context, windows: readonly MaintenanceWindow[]): Promise<void> {
  await connection.call("kernel", putMaintenance, { body: { windows: [...windows] } });
}

async function told(
  context: Context,
  key: "maintenance.scheduled" | "maintenance.cancelled" | "maintenance.started" | "maintenance.stopped",
  machine: Machine,
  more: Readonly<Record<string, string | number>> = {},
): Promise<ExitCode> {
  const name = nameOf(machine);
  const data = { hostname: machine.hostname, ip: machine.ip, ...more };
  await context.result({ text: context.say(key, { name, ...more }), data, name });
  return exitCodes.ok;
}
