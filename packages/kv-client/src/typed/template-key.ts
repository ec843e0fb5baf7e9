import { toText } from "../bytes.ts";
import { invalidArgument } from "../error.ts";
import type { KeyCodec } from "./key-codec.ts";

type ParameterOf<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterOf<Rest>
  : never;

/** What the parameters of a template are: `{ user: string; post: string }` of `"users/{user}/posts/{post}"`. */
export type TemplateParameters<Template extends string> = { readonly [Name in ParameterOf<Template>]: string };

interface Segment {
  readonly kind: "text" | "parameter";
  /** The text, or the parameter's name. */
  readonly name: string;
}

/**
 * Keys that one can read, with parameters between slashes: `templateKey("users/{user}/posts/{post}")`. A parameter is text of
 * at least one character; `/` and `%` in it are stored as `%2F` and `%25`. A prefix has the first few parameters, never all.
 * Throws INVALID_ARGUMENT for a template that makes no sense.
 */
export function templateKey<const Template extends string>(
  template: Template,
): KeyCodec<TemplateParameters<Template>, Partial<TemplateParameters<Template>>> {
  const segments = parse(template);
  return {
    encode: (key) => segments.map((segment) => text(segment, valueIn(key, segment))).join("/"),
    decode: (bytes) => read(template, segments, toText(bytes, "key")) as TemplateParameters<Template>,
    encodePrefix: (prefix) => prefixText(segments, prefix),
  };
}

function parse(template: string): readonly Segment[] {
  const segments = template.split("/").map((segment): Segment => {
    const [, name] = /^\{(\w+)\}$/.exec(segment) ?? [];
    if (name !== undefined) return { kind: "parameter", name };
    if (!/[{}]/.test(segment)) return { kind: "text", name: segment };
    throw invalidArgument(`the template ${template} has ${segment} between slashes: expected text, or one {parameter}`);
  });
  const names = segments.filter(({ kind }) => kind === "parameter").map(({ name }) => name);
  if (names.length === 0) throw invalidArgument(`the template ${template} has no {parameter}`);
  if (new Set(names).size < names.length) throw invalidArgument(`the template ${template} has a parameter twice`);
  return segments;
}

function valueIn(key: object, { name }: Segment): unknown {
  return Object.entries(key).find(([found]) => found === name)?.[1];
}

function text({ kind, name }: Segment, value: unknown): string {
  if (kind === "text") return name;
  if (typeof value === "string" && value !== "") return escaped(value);
  throw new Error(`${name} is ${value === "" ? "empty" : `of type ${typeof value}`}: expected text`);
}

function prefixText(segments: readonly Segment[], prefix: object): string {
  const isLeftOut = (segment: Segment) => segment.kind === "parameter" && valueIn(prefix, segment) === undefined;
  const first = segments.findIndex(isLeftOut);
  if (first < 0) throw new Error("the prefix has all parameters: name a key instead, or leave out the last ones");
  const beyond = segments.slice(first).find((segment) => segment.kind === "parameter" && !isLeftOut(segment));
  if (beyond !== undefined)
    throw new Error(`the prefix has ${beyond.name}, but not ${segments[first]?.name} before it`);
  return segments
    .slice(0, first)
    .map((segment) => `${text(segment, valueIn(prefix, segment))}/`)
    .join("");
}

function read(template: string, segments: readonly Segment[], key: string): Readonly<Record<string, string>> {
  const found = key.split("/");
  const fits =
    found.length === segments.length &&
    segments.every(({ kind, name }, at) => kind === "parameter" || name === found[at]);
  if (!fits) throw new Error(`expected ${template}`);
  const parameters = segments.flatMap(({ kind, name }, at) =>
    kind === "text" ? [] : [[name, unescaped(found[at] ?? "")]],
  );
  return Object.fromEntries(parameters);
}

function escaped(value: string): string {
  return value.replaceAll("%", "%25").replaceAll("/", "%2F");
}

/** Throws for what `escaped` gives for nothing: two keys would be one. */
function unescaped(segment: string): string {
  const value = segment.replaceAll("%2F", "/").replaceAll("%25", "%");
  if (value !== "" && escaped(value) === segment) return value;
  throw new Error(`a parameter is stored as ${JSON.stringify(segment)}: expected text with % and / as %25 and %2F`);
}
