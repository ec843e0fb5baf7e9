/** Each item as `change` makes it. Leaving it leaves what it iterates. */
export async function* mapped<From, To>(
  items: AsyncIterable<From>,
  change: (item: From) => To,
): AsyncGenerator<To, void, undefined> {
  for await (const item of items) yield change(item);
}
