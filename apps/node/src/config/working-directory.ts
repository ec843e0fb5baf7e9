/**
 * Where relative paths start from. `pnpm --filter node start` runs in the package's folder, which is nobody's idea of
 * "here": pnpm says in INIT_CWD where it was called.
 */
export function workingDirectory(environment: NodeJS.ProcessEnv, cwd: string): string {
  const script = environment.npm_package_name === "@raftkv/node" && environment.npm_lifecycle_event !== undefined;
  return script ? (environment.INIT_CWD ?? cwd) : cwd;
}
