const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** By hand where it is ASCII, as nearly everything is: to call the encoder takes longer than a short text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const encoded = new Uint8Array(text.length);
  for (let position = 0; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code >= 0x80) return encoder.encode(text);
    encoded[position] = code;
  }
  return encoded;
}

export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
