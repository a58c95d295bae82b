/** A small reader and writer of safetensors files, written from the format's description: what tests compare with. */

export interface Stored {
  readonly data: Float32Array;
  readonly shape: number[];
}

export function headerOf(bytes: Uint8Array): Record<string, unknown> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
}

/** Every F32 tensor by name. */
export function readTensors(bytes: Uint8Array): Map<string, Stored> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const entries = Object.entries(headerOf(bytes)).filter(([name]) => name !== '__metadata__');
  return new Map(
    entries.map(([name, entry]) => {
      const { shape, data_offsets: offsets } = entry as { shape: number[]; data_offsets: [number, number] };
      const [begin, end] = offsets.map((offset) => 8 + length + offset) as [number, number];
      return [name, { shape, data: new Float32Array(Uint8Array.from(bytes.subarray(begin, end)).buffer) }];
    }),
  );
}

/** A file of this header, as it is given (text or JSON), and these data bytes. */
export function fileOf(header: unknown, data: Uint8Array, headerLength?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}
