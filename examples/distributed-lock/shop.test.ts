import { explore, FailingSeed, type TestCluster } from "@raftkv/simulator";
import { expect, it, vi } from "vitest";
import { Shop, type ShopOptions } from "./shop.ts";
import { Stock } from "./stock.ts";

const tickets = 100;

/** Three shops sell at the same time, while much goes wrong. In the end each ticket that was sold is missing in the stock. */
const sells = (fencing: NonNullable<ShopOptions["fencing"]>) => async (cluster: TestCluster) => {
  const stock = new Stock(tickets);
  cluster.disturb();
  const shops = ["amsterdam", "berlin", "cairo"].map(async (name) => {
    const process = cluster.process({ name });
    const shop = new Shop(process, { owner: name, stock, fencing });
    for (let customers = 0; customers < 4; customers++) {
      const sold = await shop.sell();
      cluster.note(`${name} has ${sold ? "sold a ticket" : "sold nothing"}, and ${stock.left} are left`);
    }
    return shop.sold;
  });
  const sold = (await Promise.all(shops)).reduce((sum, each) => sum + each, 0);
  expect(stock.left).toBe(tickets - sold);
};

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 600_000 });

it.each(["none", "writes"] as const)("loses sales where the token is shown for: %s", async (fencing) => {
  const failure = await explore({ seeds: 200 }, sells(fencing)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(FailingSeed);
});

it("sells each ticket once where the token is always shown", async () => {
  await explore({ seeds: 40 }, sells("all"));
});
