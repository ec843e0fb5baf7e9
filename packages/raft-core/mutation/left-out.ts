import type { Ignorer, NodePath } from "@stryker-mutator/api/ignore";

/** The slice that is looked at of a Babel path. */
interface BabelPath extends NodePath {
  readonly node?: BabelNode;
}

interface BabelNode {
  readonly type: string;
  readonly expression?: BabelNode;
  /** Of a case: its statements. */
  readonly consequent?: readonly BabelNode[] | BabelNode;
  readonly callee?: { readonly name?: string };
}

const claims: readonly (string | undefined)[] = ["invariant", "unreachable"];

/**
 * What is not mutated. A claim, weakened or left out, changes nothing of an algorithm that keeps to it. Those that a
 * wrong peer or storage can break have tests all the same.
 */
export const leftOut: Ignorer = {
  shouldIgnore({ node }: BabelPath): string | undefined {
    const claim = node?.type === "SwitchCase" && Array.isArray(node.consequent) ? node.consequent[0] : node;
    const call = claim?.type === "ExpressionStatement" ? claim.expression : claim;
    return claims.includes(call?.callee?.name) ? "It claims what never happens." : undefined;
  },
};
