// LeNet-5 as an ONNX file (opset 13, NCHW), written by hand: just the messages of onnx.proto3 that one net needs.
const text = new TextEncoder();

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

const join = (parts) => Uint8Array.from(Buffer.concat(parts));
/** One field: a number as a varint, text or bytes with their length; an array repeats the field. */
function field(number, value) {
  if (Array.isArray(value)) return join(value.map((item) => field(number, item)));
  if (typeof value === 'number') return join([varint(number << 3), varint(value)]);
  const bytes = typeof value === 'string' ? text.encode(value) : value;
  return join([varint((number << 3) | 2), varint(bytes.length), bytes]);
}
/** A message from pairs [field number, value]. */
const message = (...fields) => join(fields.map(([number, value]) => field(number, value)));

const FLOAT = 1;
const tensorProto = (name, shape, data) =>
  message(
    [1, shape],
    [2, FLOAT],
    [8, name],
    [9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
  );
const INTS = 7;
const INT = 2;
function node(op, inputs, output, attributes = {}) {
  const encoded = Object.entries(attributes).map(([name, value]) =>
    Array.isArray(value)
      ? message([1, name], [8, value], [20, INTS])
      : message([1, name], [3, value], [20, INT]),
  );
  return message([1, inputs], [2, output], [4, op], [5, encoded]);
}
function valueInfo(name, shape) {
  const dimensions = shape.map((size) =>
    typeof size === 'string' ? message([2, size]) : message([1, size]),
  );
  return message([1, name], [2, message([1, message([1, FLOAT], [2, message([1, dimensions])])])]);
}

/** [kh, kw, in, out] -> [out, in, kh, kw]. */
function kernelOihw({ data, shape: [kh, kw, ci, co] }) {
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const [o, c, window] = [i % co, Math.floor(i / co) % ci, Math.floor(i / co / ci)];
    out[(o * ci + c) * kh * kw + window] = data[i];
  }
  return { shape: [co, ci, kh, kw], data: out };
}

/** Dense rows in the order of a flattened [h, w, c] map -> the order of a flattened [c, h, w] one. */
function rowsFromChw({ data, shape: [rows, units] }, c) {
  const out = new Float32Array(data.length);
  const cells = rows / c;
  for (let row = 0; row < rows; row++) {
    const to = (row % c) * cells + Math.floor(row / c);
    out.set(data.subarray(row * units, (row + 1) * units), to * units);
  }
  return { shape: [rows, units], data: out };
}

/** The bytes of the file. `weights` are those of lenet() in models.mjs, in layer order. */
export function onnxLenet(weights) {
  const [k1, b1, k2, b2, d1, e1, d2, e2, d3, e3] = weights;
  const initializers = {
    k1: kernelOihw(k1),
    b1,
    k2: kernelOihw(k2),
    b2,
    d1: rowsFromChw(d1, k2.shape[3]),
    e1,
    d2,
    e2,
    d3,
    e3,
  };
  const pool = { kernel_shape: [2, 2], strides: [2, 2] };
  const nodes = [
    node('Conv', ['x', 'k1', 'b1'], 'c1', { kernel_shape: [5, 5], pads: [2, 2, 2, 2] }),
    node('Relu', ['c1'], 'r1'),
    node('MaxPool', ['r1'], 'p1', pool),
    node('Conv', ['p1', 'k2', 'b2'], 'c2', { kernel_shape: [5, 5] }),
    node('Relu', ['c2'], 'r2'),
    node('MaxPool', ['r2'], 'p2', pool),
    node('Flatten', ['p2'], 'f', { axis: 1 }),
    node('Gemm', ['f', 'd1', 'e1'], 'g1'),
    node('Relu', ['g1'], 'r3'),
    node('Gemm', ['r3', 'd2', 'e2'], 'g2'),
    node('Relu', ['g2'], 'r4'),
    node('Gemm', ['r4', 'd3', 'e3'], 'g3'),
    node('Softmax', ['g3'], 'y', { axis: 1 }),
  ];
  const graph = message(
    [1, nodes],
    [2, 'lenet5'],
    [5, Object.entries(initializers).map(([name, { shape, data }]) => tensorProto(name, [...shape], data))],
    [11, [valueInfo('x', ['n', 1, 28, 28])]],
    [12, [valueInfo('y', ['n', 10])]],
  );
  const irVersion = 7;
  return message([1, irVersion], [2, 'neocog-bench'], [7, graph], [8, [message([1, ''], [2, 13])]]);
}
