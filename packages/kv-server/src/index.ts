export type * from "./ports/state-store.ts";
export type * from "./ports/storage.ts";
