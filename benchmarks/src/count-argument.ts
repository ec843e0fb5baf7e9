/**
 * How large a benchmark is to be: the first argument that is a number, or the smaller size after `--quick`, or the usual
 * one. Ends the process with a word where it makes no sense.
 */
export function countArgument(
  what: string,
  sizes: { readonly usual: number; readonly quick: number; readonly most: number },
) {
  const options = process.argv.slice(2);
  const given = options.find((option) => option !== "--quick");
  const count = Number(given ?? (options.includes("--quick") ? sizes.quick : sizes.usual));
  if (Number.isSafeInteger(count) && count >= 1_000 && count <= sizes.most) return count;
  console.error(`${what}: found ${given}, expected a number from 1000 to ${sizes.most}, or --quick for ${sizes.quick}`);
  process.exit(2);
}
