/** How often each thing happens, relative to the others. */
export interface Weights {
  readonly tick: number;
  readonly deliver: number;
  readonly persist: number;
  readonly propose: number;
  readonly read: number;
  readonly leaseRead: number;
  readonly crash: number;
  readonly restart: number;
  readonly compact: number;
  readonly partition: number;
  readonly transfer: number;
  readonly pause: number;
  readonly forget: number;
  readonly campaign: number;
  readonly unreachable: number;
  readonly change: number;
}
