// The graph of an ONNX file (protobuf), as far as the reference needs it: nodes, their attributes, and weights as float64.
// Knows nothing of the package's own reader. Field numbers: onnx/onnx.proto.

/** The fields of a message, [number, value]: a number for a varint, bytes for everything else. */
function* fields(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let [value, place] = [0n, 0n];
    for (;;) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << place;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
      place += 7n;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const kind = key & 7;
    if (kind === 0) {
      yield [key >> 3, varint()];
      continue;
    }
    const length = kind === 2 ? varint() : kind === 5 ? 4 : 8;
    if (kind === 5) yield [key >> 3, view.getFloat32(at, true)];
    else yield [key >> 3, bytes.subarray(at, at + length)];
    at += length;
  }
}

const text = (bytes) => new TextDecoder().decode(bytes);

/** Numbers of a repeated field, packed or not. */
function numbers(list, read) {
  return list.flatMap((value) => (typeof value === 'number' ? [value] : read(value)));
}

/** Varints without keys: a packed field. */
function varints(bytes) {
  const result = [];
  let [value, place] = [0n, 0n];
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << place;
    place += 7n;
    if (byte >= 128) continue;
    result.push(Number(BigInt.asIntN(64, value)));
    [value, place] = [0n, 0n];
  }
  return result;
}

/** All values of each field, by its number. */
function message(bytes) {
  const all = new Map();
  for (const [number, value] of fields(bytes)) {
    if (!all.has(number)) all.set(number, []);
    all.get(number).push(value);
  }
  return { all: (number) => all.get(number) ?? [], one: (number) => all.get(number)?.[0] };
}

/** float32 (1) and int64 (7), which is all that exported networks hold. */
function tensorOf(bytes) {
  const { all, one } = message(bytes);
  const raw = one(9);
  const shape = numbers(all(1), varints);
  // A copy, since the file does not align it; the slice of a Buffer would be none.
  const whole = raw && Uint8Array.prototype.slice.call(raw).buffer;
  if (one(2) === 1 && raw)
    return { name: text(one(8)), shape, data: Float64Array.from(new Float32Array(whole)) };
  if (one(2) === 7 && raw)
    return { name: text(one(8)), shape, data: Float64Array.from(new BigInt64Array(whole), Number) };
  throw new Error(`onnx-file: expected raw float32 or int64 data, got type ${one(2)}`);
}

function attributeOf(bytes) {
  const { all, one } = message(bytes);
  const ints = all(8);
  const value = ints.length > 0 ? numbers(ints, varints) : (one(2) ?? one(3) ?? (one(4) && text(one(4))));
  return [text(one(1)), value];
}

function nodeOf(bytes) {
  const { all, one } = message(bytes);
  return {
    op: text(one(4)),
    inputs: all(1).map(text),
    outputs: all(2).map(text),
    attributes: Object.fromEntries(all(5).map(attributeOf)),
  };
}

/** { nodes, weights: name -> { shape, data }, input, output }: the names of the only input and output. */
export function readGraph(bytes) {
  const graph = message(message(bytes).one(7));
  const name = (port) => text(message(port).one(1));
  return {
    nodes: graph.all(1).map(nodeOf),
    weights: new Map(
      graph
        .all(5)
        .map((tensor) => tensorOf(tensor))
        .map((tensor) => [tensor.name, tensor]),
    ),
    input: name(graph.one(11)),
    output: name(graph.one(12)),
  };
}
