/**
 * Stands in for "vitest" while mutants run: what the tests of the algorithm use of it, and nothing more. It only notes
 * down the tests, so that a runner can play any of them, in any order, as often as it likes, in one process.
 */
import { format } from "node:util";
import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

export const expect = chai.expect;

export interface RegisteredTest {
  readonly name: string;
  readonly file: string;
  readonly run: () => void;
}

type Body<Case> = (...values: readonly Case[]) => void;

const tests = new Map<string, RegisteredTest>();
let path: readonly string[] = [];
let file = "";

/** By its id: file and name. */
export function registeredTests(): ReadonlyMap<string, RegisteredTest> {
  return tests;
}

/** The tests that are defined from now on are this file's. */
export function beginFile(name: string): void {
  file = name;
}

export function describe(name: string, body: () => void): void {
  const outer = path;
  path = [...outer, name];
  body();
  path = outer;
}

export function it(name: string, run: () => void): void {
  const plain = [...path, name].join(" > ");
  let unique = plain;
  for (let number = 2; tests.has(idOf(unique)); number++) unique = `${plain} (${number})`;
  tests.set(idOf(unique), { name: unique, file, run });
}

describe.each = each(describe);
it.each = each(it);

function idOf(name: string): string {
  return `${file}#${name}`;
}

/** A list in the table is a list of arguments, as in vitest. */
function each(define: (name: string, body: () => void) => void) {
  return (table: readonly unknown[]) =>
    (name: string, body: Body<unknown>): void => {
      for (const row of table) {
        const values: readonly unknown[] = Array.isArray(row) ? row : [row];
        define(titleOf(name, values), () => body(...values));
      }
    };
}

/** `$key` is a property of the first argument; `%s` and the like take the arguments in turn. */
function titleOf(name: string, values: readonly unknown[]): string {
  const [first] = values;
  const properties = new Map(typeof first === "object" && first !== null ? Object.entries(first) : []);
  const named = name.replaceAll(/\$(\w+)/g, (word, key) => (properties.has(key) ? String(properties.get(key)) : word));
  const places = named.match(/%[a-z]/g)?.length ?? 0;
  return format(named, ...values.slice(0, places));
}
