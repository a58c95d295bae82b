/** Hand-made protobuf, right or wrong: each function gives the bytes of one field. */

const text = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? new TextEncoder().encode(value) : value;

export function join(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts.map(text)));
}

/** A bare varint of any 64 bits. */
export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest % 128n) + (rest >= 128n ? 128 : 0));
    rest /= 128n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

export const tag = (field: number, type: number): Uint8Array => varint(BigInt(field) * 8n + BigInt(type));

export const int = (field: number, value: number | bigint): Uint8Array => join(tag(field, 0), varint(value));

/** Bytes, a text, or a message of such fields. */
export function bytes(field: number, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const all = join(...parts);
  return join(tag(field, 2), varint(all.length), all);
}

export const float = (field: number, value: number): Uint8Array =>
  join(tag(field, 5), new Uint8Array(Float32Array.of(value).buffer));

export const double = (field: number, value: number): Uint8Array =>
  join(tag(field, 1), new Uint8Array(Float64Array.of(value).buffer));

// ONNX, with the numbers of onnx.proto.

export const raw = (...values: readonly number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(values).buffer);

/** A float32 TensorProto's fields. */
export const tensorFields = (
  name: string,
  dims: readonly (number | bigint)[],
  data: Uint8Array,
): Uint8Array => join(...dims.map((length) => int(1, length)), int(2, 1), bytes(8, name), data);

/** A NodeProto's fields. */
export const nodeFields = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  ...more: Uint8Array[]
): Uint8Array =>
  join(
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(4, op),
    ...more,
  );

export const node = (...parts: Parameters<typeof nodeFields>): Uint8Array => bytes(1, nodeFields(...parts));

/** An input (11) or output (12) of the graph: float32 [1, 2]. */
export const port = (field: number, name: string): Uint8Array =>
  bytes(
    field,
    bytes(1, name),
    bytes(2, bytes(1, int(1, 1), bytes(2, bytes(1, int(1, 1)), bytes(1, int(1, 2))))),
  );

export const opset = (version: number | bigint, domain = ''): Uint8Array =>
  bytes(8, bytes(1, domain), int(2, version));

/** A whole model around the fields of its graph. */
export const model = (...graph: readonly Uint8Array[]): Uint8Array =>
  join(int(1, 8), opset(13), bytes(7, ...graph));

const add = [node('Add', ['x', 'w'], ['y']), port(11, 'x'), port(12, 'y')];

/** y = x + w, w being a tensor with these fields: the smallest model with weights. */
export const withTensor = (fields: Uint8Array): Uint8Array => model(...add, bytes(5, fields));

export const smallModel = withTensor(tensorFields('w', [2], bytes(9, raw(1, 2))));
