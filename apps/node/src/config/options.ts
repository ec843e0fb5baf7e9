/** How log lines look. */
export type LogFormat = "pretty" | "json";

export const logFormats: readonly LogFormat[] = ["pretty", "json"];

/** From the most to the fewest lines. */
export type LogLevel = "debug" | "info" | "warn" | "error";

export const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** What the command line and the environment say; undefined: they leave it to cluster.conf or to the default. */
export interface Options {
  readonly config?: string;
  readonly id?: number;
  readonly dataDir?: string;
  readonly storage?: string;
  readonly listen?: string;
  readonly advertise?: string;
  readonly join?: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}
