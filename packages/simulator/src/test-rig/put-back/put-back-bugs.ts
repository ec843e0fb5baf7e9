import { aroundTheParts } from "./around-the-parts.ts";
import { clients } from "./clients.ts";
import { coordination } from "./coordination.ts";
import { elections } from "./elections.ts";
import { history } from "./history.ts";
import { leasedWrites } from "./leased-writes.ts";
import { leases } from "./leases.ts";
import { membership } from "./membership.ts";
import type { PutBackBug } from "./put-back-bug.ts";
import { readsAndSnapshots } from "./reads-and-snapshots.ts";
import { replication } from "./replication.ts";
import { services } from "./services.ts";
import { transactions } from "./transactions.ts";
import { watches } from "./watches.ts";

export const putBackBugs: readonly PutBackBug[] = [
  ...aroundTheParts,
  ...elections,
  ...replication,
  ...membership,
  ...readsAndSnapshots,
  ...leases,
  ...clients,
  ...history,
  ...transactions,
  ...coordination,
  ...leasedWrites,
  ...services,
  ...watches,
];
