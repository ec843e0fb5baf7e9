import type { RegisterAnswer, RegisterCall, RegisterValue } from "../history/models/register-model.ts";
import type { TextCall } from "../history/models/text-map-model.ts";
import type { Operation } from "../history/operation.ts";

interface Pending<Call> {
  readonly calledAt: number;
  readonly call: Call;
}

/** Reads a `register/*.log` file: a Jepsen log of one register. */
export function parseRegisterHistory(text: string): Operation<RegisterCall, RegisterAnswer>[] {
  const operations: Operation<RegisterCall, RegisterAnswer>[] = [];
  const pending = new Map<string, Pending<RegisterCall>>();
  text.split("\n").forEach((line, time) => {
    const match = /jepsen\.util - (\d+)\s+:(\w+)\s+:(\w+)\s+(.*)$/.exec(line);
    if (match === null) return;
    const [, process = "", phase = "", name = "", value = ""] = match;
    if (phase === "invoke") {
      pending.set(process, { calledAt: time, call: registerCall(name, value.trim()) });
      return;
    }
    const call = pending.get(process);
    if (call === undefined) throw new Error(`line ${time + 1}: process ${process} answers without a call`);
    pending.delete(process);
    const answer = registerAnswer(name, phase, value.trim());
    // A read without an answer says nothing.
    if (answer === undefined && call.call.kind === "read") return;
    operations.push({ ...call, answeredAt: answer === undefined ? undefined : time, answer });
  });
  for (const call of pending.values()) operations.push({ ...call, answeredAt: undefined, answer: undefined });
  return operations;
}

function registerCall(name: string, value: string): RegisterCall {
  if (name === "read") return { kind: "read" };
  if (name === "write") return { kind: "write", value: registerValue(value) };
  const [from = "", to = ""] = value.replace(/[[\]]/g, "").split(/\s+/);
  return { kind: "compareAndSet", from: registerValue(from), to: registerValue(to) };
}

function registerValue(text: string): RegisterValue {
  return text === "nil" ? null : text;
}

function registerAnswer(name: string, phase: string, value: string): RegisterAnswer | undefined {
  if (phase === "info" || value === ":timed-out") return undefined;
  if (name === "read") return { value: registerValue(value) };
  return { done: phase === "ok" };
}

/** Reads a `kv/*.txt` file: a map of texts. Keys are independent, so each has a history of its own. */
export function parseTextMapHistories(text: string): Map<string, Operation<TextCall, string>[]> {
  const histories = new Map<string, Operation<TextCall, string>[]>();
  const pending = new Map<string, Pending<TextCall> & { readonly key: string }>();
  text.split("\n").forEach((line, time) => {
    const match = /:process (\d+), :type :(\w+), :f :(\w+), :key "(.*?)", :value (.*)\}$/.exec(line);
    if (match === null) return;
    const [, process = "", type = "", name = "", key = "", quoted = ""] = match;
    const value = quoted === "nil" ? "" : String(JSON.parse(quoted));
    if (type === "invoke") {
      pending.set(process, { calledAt: time, key, call: textCall(name, value) });
      return;
    }
    const called = pending.get(process);
    if (called === undefined) throw new Error(`line ${time + 1}: process ${process} answers without a call`);
    pending.delete(process);
    const history = histories.get(called.key) ?? [];
    histories.set(called.key, history);
    history.push({ calledAt: called.calledAt, call: called.call, answeredAt: time, answer: value });
  });
  return histories;
}

function textCall(name: string, value: string): TextCall {
  if (name === "get") return { kind: "get" };
  return name === "put" ? { kind: "put", value } : { kind: "append", value };
}
