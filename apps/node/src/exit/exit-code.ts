/** Why the process ended. README.md lists them for operators; they do not change. */
export const exitCodes = {
  ok: 0,
  /** A defect: an exception that nothing expected. */
  unexpected: 1,
  /** The command line, an environment variable, cluster.conf or the storage package is wrong. */
  usage: 2,
  /** The address to listen on is taken, or is not one of this machine. */
  listen: 3,
  /** The data directory cannot be used: unwritable, locked, another node's, or from a later version. */
  dataDirectory: 4,
  /** A file in the data directory is damaged. */
  corrupt: 5,
  /** A write or a sync failed while the node ran; it stopped without acknowledging anything more. */
  storageFailed: 6,
  /** The cluster does not take this data directory for the node that it claims to be. */
  refused: 7,
  /** A second SIGTERM or SIGINT cut the clean stop short, or it took too long. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
