/** Of a workload: none of those whose answers are compared with the whole log, replayed. Plain clients, and readers, are left. */
export const nobodyElse = {
  historians: 0,
  watchers: 0,
  transactors: 0,
  leasers: 0,
  leasedTransactors: 0,
  lockers: 0,
  serviceLockers: undefined,
  stateChecks: undefined,
} as const;
