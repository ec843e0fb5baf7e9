/** Something on the wire is not what the protocol allows. The message names the field and what was found. */
export class WireError extends Error {
  override readonly name = "WireError";
}
