import { styleText } from "node:util";
import { z } from "zod";

type Color = Parameters<typeof styleText>[0];

const nodeColors: readonly Color[] = ["cyan", "magenta", "yellow", "green", "blue", "white"];
const levelColors: Readonly<Record<string, Color>> = { debug: "gray", info: "green", warn: "yellow" };

/** What pino writes; fields that only machines need are left aside. */
const record = z.object({
  time: z.number(),
  level: z.string(),
  node: z.number(),
  msg: z.string().default(""),
  stack: z.string().optional(),
});

/**
 * Turns a record into a line for people: `[node 1] 12:03:04.123 INFO  became leader in term 3`. Nodes differ in colour.
 * A stack, which only failures at log level debug carry, follows on lines of its own.
 */
export function prettyLine(json: string, colorize: boolean): string {
  const { time, level, node, msg, stack } = record.parse(JSON.parse(json));
  const paint = (color: Color, text: string): string =>
    colorize ? styleText(color, text, { validateStream: false }) : text;
  const parts = [
    paint(nodeColors[(node - 1) % nodeColors.length] ?? "white", `[node ${node}]`),
    paint("gray", timeOfDay(new Date(time))),
    paint(levelColors[level] ?? "red", level.toUpperCase().padEnd(5)),
    msg.replace(/\s*\n\s*/g, " "),
  ];
  return `${parts.join(" ")}\n${stack === undefined ? "" : `${stack}\n`}`;
}

function timeOfDay(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const milliseconds = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${milliseconds}`;
}
