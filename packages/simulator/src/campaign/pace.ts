/** How much was simulated, and what it took. */
export interface Pace {
  readonly simulatedMs: number;
  readonly realMs: number;
  /** Processor time, of all threads. */
  readonly cpuMs: number;
}

/** What campaigns are compared by: simulated time for each minute of a machine, and for each second of a core. */
export function describePace({ simulatedMs, realMs, cpuMs }: Pace): string {
  const simulatedHours = simulatedMs / 3_600_000;
  const hoursAMinute = simulatedHours / (Math.max(1, realMs) / 60_000);
  const times = Math.round(simulatedMs / Math.max(1, cpuMs));
  return (
    `${simulatedHours.toFixed(2)} simulated hours in ${Math.round(realMs / 1_000)} s: ` +
    `${hoursAMinute.toFixed(1)} hours a minute, ${times} times real time a core`
  );
}
