import { type Boot, roughPlan, type Scenario, SimNode, type SimNodeOptions } from "../engine/index.ts";
import {
  type LedgerBugs,
  LedgerCore,
  type LedgerEffect,
  type LedgerEvent,
  SenderCore,
  type SenderEffect,
  type SenderEvent,
} from "./ledger.ts";

const ledgerName = "ledger";
const senders = 3;
const entriesEach = 20;
const callTimeoutMs = 800;

/** The toy system, whole or with a planted bug. */
export function ledgerScenario(name: string, bugs: LedgerBugs = {}, options: SimNodeOptions = {}): Scenario {
  return {
    name,
    plan: roughPlan,
    faultsMs: 30_000,
    build: (world, network) => {
      const ledger = new SimNode<LedgerEvent, LedgerEffect>(
        network,
        ledgerName,
        (boot) => ledgerProgram(boot, bugs),
        options,
      );
      const sources = Array.from({ length: senders }, (_, index) => {
        const entries = Array.from({ length: entriesEach }, (__, number) => `${index}-${number}`);
        return new SimNode<SenderEvent, SenderEffect>(network, `sender-${index}`, (boot) =>
          senderProgram(boot, entries, bugs),
        );
      });
      world.addInvariant("every entry counts once", () => ledger.core?.check() ?? []);
      world.addInvariant("what a sender was told is kept is kept", () => {
        const lost: string[] = [];
        for (const source of sources) {
          for (const key of source.disk.load().keys()) {
            const entry = key.slice("done/".length);
            if (!ledger.disk.has(`entries/${entry}`))
              lost.push(`entry ${entry} was acknowledged and is lost`);
          }
        }
        return lost;
      });
      return {
        nodes: [ledger, ...sources],
        settleMs: 0,
        convergeMs: 60_000,
        missing: () =>
          sources.flatMap(({ name: source, core }) => {
            if (!(core instanceof SenderCore)) return [`${source} is down`];
            return core.left === 0 ? [] : [`${source} has ${core.left} entries left`];
          }),
      };
    },
  };
}

function ledgerProgram(boot: Boot<LedgerEvent>, bugs: LedgerBugs) {
  const answers = new Map<number, (body: unknown) => void>();
  let calls = 0;
  return {
    core: new LedgerCore(boot.records, bugs),
    perform: (effect: LedgerEffect): void => {
      answers.get(effect.call)?.(effect.entry);
      answers.delete(effect.call);
    },
    serve: (request: unknown, _from: string, answer: (body: unknown) => void): void => {
      calls += 1;
      answers.set(calls, answer);
      boot.dispatch({ kind: "entryReceived", entry: String(request), call: calls });
    },
  };
}

function senderProgram(boot: Boot<SenderEvent>, entries: readonly string[], bugs: LedgerBugs) {
  return {
    core: new SenderCore(entries, boot.records, boot.now(), bugs),
    perform: (effect: SenderEffect): void =>
      boot.call(ledgerName, effect.entry, callTimeoutMs, (result) => {
        if (result.kind === "answered") boot.dispatch({ kind: "acknowledged", entry: effect.entry });
      }),
  };
}
