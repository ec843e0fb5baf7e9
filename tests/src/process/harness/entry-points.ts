import { fileURLToPath } from "node:url";

const repository = new URL("../../../../", import.meta.url);

/** The built server and the built command line, as a user would run them. */
export const nodeMain = fileURLToPath(new URL("apps/node/dist/main.js", repository));
export const cliMain = fileURLToPath(new URL("apps/cli/dist/main.js", repository));

/** What the server is published as. */
export const nodePackage = fileURLToPath(new URL("apps/node/package.json", repository));

/** The environment of this process without any `RAFTKV_…` of the developer's own. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("RAFTKV_") && name !== "INIT_CWD");
  return Object.fromEntries(inherited);
}
