import assert from "node:assert/strict";
import { patternBytes } from "@raftkv/raft-core/testing";
import type { StateRow } from "../../ports/state-store.ts";
import { allRows, assertSameRows, inBatches, puts, removes, row, rowsOfView } from "./rows.ts";
import type { StoreTests } from "./suite.ts";

const mebibyte = 1024 * 1024;

export function viewTests(tests: StoreTests): void {
  tests.describe("views", () => {
    tests.withStore("a view of an empty store is empty, at index 0", async (store) => {
      const view = await store.view();
      assert.equal(view.appliedIndex, 0);
      assertSameRows(await rowsOfView(view), [], "no rows");
      await view.close();
    });

    tests.withStore("a view is unmoved by later writes", async (store) => {
      const rows = [row("a", "1"), row("b", "1"), row("c", "1")];
      await store.write(puts(3, ...rows));
      const view = await store.view();
      await store.write(puts(4, row("a", "2"), row("d", "2")));
      await store.write(removes(5, "b", "c"));
      assert.equal(view.appliedIndex, 3);
      assertSameRows(await rowsOfView(view), rows, "as of index 3");
      await view.close();
      assertSameRows(await allRows(store), [row("a", "2"), row("d", "2")], "the store itself went on");
    });

    tests.withStore("a view is unmoved by writes between its batches, and by a replacement", async (store) => {
      const rows = Array.from({ length: 40 }, (_, i) =>
        row(`k${String(i).padStart(3, "0")}`, patternBytes(100_000, i)),
      );
      await store.write(puts(1, ...rows));
      const view = await store.view();
      const found: StateRow[] = [];
      let index = 1;
      for await (const batch of view.rows()) {
        found.push(...batch);
        index += 1;
        if (index === 2) await store.replace(index, inBatches([row("new", "content")], 1));
        else await store.write(puts(index, row("k039", `${index}`), row("zzz", `${index}`)));
      }
      assertSameRows(found, rows, "as of index 1");
      await view.close();
    });

    tests.withStore("rows come in batches of about 1 MiB, in order", async (store) => {
      const rows = Array.from({ length: 30 }, (_, i) =>
        row(`k${String(i).padStart(3, "0")}`, patternBytes(200_000, i)),
      );
      await store.write(puts(1, ...rows));
      const view = await store.view();
      for await (const batch of view.rows()) {
        const size = batch.reduce((sum, { key, value }) => sum + key.byteLength + value.byteLength, 0);
        assert.ok(size <= 2 * mebibyte, `a batch of ${size} bytes`);
      }
      assertSameRows(await rowsOfView(view), rows, "read a second time, from the beginning");
      await view.close();
    });

    tests.withStore("a view is read from behind any key on", async (store) => {
      const rows = [row("a", "1"), row("b", "1"), row("bb", "1"), row("c", "1")];
      await store.write(puts(1, ...rows));
      const view = await store.view();
      const behind = async (key: string) => {
        const found: StateRow[] = [];
        for await (const batch of view.rows(Buffer.from(key))) found.push(...batch);
        return found;
      };
      assertSameRows(await behind("b"), rows.slice(2), "behind a key that exists");
      assertSameRows(await behind("ba"), rows.slice(2), "behind one that does not");
      assertSameRows(await behind("c"), [], "behind the last");
      await view.close();
    });

    tests.withStore("a view may be closed before it was read to its end", async (store) => {
      const rows = Array.from({ length: 30 }, (_, i) =>
        row(`k${String(i).padStart(3, "0")}`, patternBytes(200_000, i)),
      );
      await store.write(puts(1, ...rows));
      const view = await store.view();
      for await (const batch of view.rows()) {
        assert.ok(batch.length > 0, "a batch without rows");
        break;
      }
      await view.close();
      await store.write(removes(2, "k000"));
    });
  });
}
