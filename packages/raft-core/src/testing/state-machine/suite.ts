import assert from "node:assert/strict";
import type { Entry, Index } from "../../algorithm/entry.ts";
import type { StateMachine } from "../../ports/state-machine.ts";
import type { TestApi } from "../test-api.ts";

/** What the suite has to be told about the state machine under test. */
export interface StateMachineSuiteOptions<Machine extends StateMachine = StateMachine> {
  /** Whether what was flushed survives a restart. The tests that close and open again are left out where it does not. */
  readonly durable: boolean;
  /**
   * A log from index 1, of at least 20 entries: among the commands a no-op and a membership. The last three entries
   * change the state, so that fingerprints can tell whether they were applied.
   */
  readonly log: readonly Entry[];
  /** The whole content, in any form that `assert.deepEqual` compares; equal for equal states. */
  fingerprint(machine: Machine): Promise<unknown>;
  /** A fresh place for one state machine. */
  create(): Promise<StateMachinePlace<Machine>>;
}

export interface StateMachinePlace<Machine extends StateMachine = StateMachine> {
  /** Opens the state machine as a node's start does: after a close, on what the last one left behind. */
  open(): Promise<Machine>;
  /** Removes the data. Called when every machine opened here has been closed. */
  remove(): Promise<void>;
}

/** What each file of the suite works with. */
export interface MachineTests extends TestApi {
  readonly durable: boolean;
  readonly log: readonly Entry[];
  /** A test with as many fresh machines as it asks for; all are closed afterwards. */
  withMachines(name: string, run: (fresh: () => Promise<MachineUnderTest>) => Promise<void>): void;
}

export interface MachineUnderTest {
  machine(): StateMachine;
  fingerprint(): Promise<unknown>;
  /** Applies the log from where the machine is, up to `through`. */
  applyThrough(through: Index): Promise<readonly unknown[]>;
  restart(): Promise<void>;
}

export function machineTests<Machine extends StateMachine>(
  test: TestApi,
  options: StateMachineSuiteOptions<Machine>,
): MachineTests {
  const { durable, log } = options;
  const withMachines = (name: string, run: (fresh: () => Promise<MachineUnderTest>) => Promise<void>) =>
    test.it(name, async () => {
      assert.ok(log.length >= 20, `the suite needs a log of at least 20 entries, and was given ${log.length}`);
      const endings: (() => Promise<void>)[] = [];
      try {
        await run(async () => {
          const { subject, end } = await openFresh(options);
          endings.push(end);
          return subject;
        });
      } finally {
        for (const end of endings) await end();
      }
    });
  return { ...test, durable, log, withMachines };
}

async function openFresh<Machine extends StateMachine>({
  create,
  log,
  fingerprint,
}: StateMachineSuiteOptions<Machine>) {
  const place = await create();
  let machine = await place.open();
  const subject: MachineUnderTest = {
    machine: () => machine,
    fingerprint: () => fingerprint(machine),
    applyThrough: (through) => machine.apply(log.slice(machine.appliedIndex(), through)),
    async restart() {
      await machine.close();
      machine = await place.open();
    },
  };
  const end = async () => {
    await machine.close();
    await place.remove();
  };
  return { subject, end };
}
