/** Bytes of a message in parts, so that those of tensors are copied once, when the file is joined. */
export type Parts = readonly Uint8Array[];

const encoder = new TextEncoder();

/** A varint; negative numbers take 10 bytes, as int64 does. */
export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

const tag = (field: number, type: number): Uint8Array => varint(field * 8 + type);

export function intField(field: number, value: number): Parts {
  return [tag(field, 0), varint(value)];
}

export function floatField(field: number, value: number): Parts {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [tag(field, 5), bytes];
}

export function bytesField(field: number, bytes: Uint8Array): Parts {
  return [tag(field, 2), varint(bytes.length), bytes];
}

export function textField(field: number, text: string): Parts {
  return bytesField(field, encoder.encode(text));
}

export function messageField(field: number, parts: readonly Parts[]): Parts {
  const all = parts.flat();
  return [tag(field, 2), varint(lengthOf(all)), ...all];
}

export function join(parts: Parts): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function lengthOf(parts: Parts): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
