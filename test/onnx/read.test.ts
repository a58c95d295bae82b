import { describe, expect, test } from 'vitest';
import { failing, type OnnxTensor, readOnnx, readTensor, writeOnnx } from '../support/internals.js';
import {
  bytes,
  double,
  float,
  int,
  join,
  model,
  node,
  opset,
  port,
  raw,
  smallModel,
  tensorFields,
  varint,
  withTensor,
} from '../support/protobuf.js';

const read = (file: Uint8Array) => readOnnx(file, failing('loadOnnx', 'test.onnx'));
const tensorOf = (fields: Uint8Array): OnnxTensor => readTensor(fields, failing('readTensor', 'test'));

describe('a model', () => {
  test('the smallest one with weights', () => {
    expect(read(smallModel)).toEqual({
      irVersion: 8,
      opset: 13,
      name: '',
      metadata: new Map(),
      nodes: [{ op: 'Add', name: 'Add_1', inputs: ['x', 'w'], outputs: ['y'], attributes: new Map() }],
      initializers: new Map([['w', { name: 'w', type: 'float32', shape: [2], data: Float32Array.of(1, 2) }]]),
      inputs: [{ name: 'x', type: 'float32', shape: [1, 2] }],
      outputs: [{ name: 'y', type: 'float32', shape: [1, 2] }],
    });
  });

  test('without opset_import: set 1 before version 3 of the format', () => {
    const graph = bytes(7, node('Relu', ['x'], ['y']), port(11, 'x'), port(12, 'y'));
    expect(read(join(int(1, 2), graph)).opset).toBe(1);
    expect(() => read(join(int(1, 3), graph))).toThrow(/expected an opset of ONNX's own operators/);
  });

  test('the domain ai.onnx is ONNX itself, others are part of the operator', () => {
    const ops = [
      node('Relu', ['x'], ['a'], bytes(7, 'ai.onnx')),
      node('Gelu', ['a'], ['y'], bytes(7, 'com.microsoft')),
    ];
    const file = join(
      int(1, 8),
      opset(13, 'ai.onnx'),
      opset(1, 'com.microsoft'),
      bytes(7, ...ops, port(11, 'x'), port(12, 'y')),
    );
    expect(read(file).opset).toBe(13);
    expect(read(file).nodes.map(({ op }) => op)).toEqual(['Relu', 'com.microsoft.Gelu']);
  });

  test('inputs that are initializers are no inputs', () => {
    const file = model(
      node('Add', ['x', 'w'], ['y']),
      ...['x', 'w'].map((name) => port(11, name)),
      port(12, 'y'),
      bytes(5, tensorFields('w', [2], bytes(9, raw(1, 2)))),
    );
    expect(read(file).inputs.map(({ name }) => name)).toEqual(['x']);
  });

  test('nodes are put in order, and named', () => {
    const file = model(
      node('Relu', ['b'], ['y'], bytes(3, 'last')),
      node('Relu', ['x'], ['a']),
      node('Relu', ['a'], ['b'], bytes(3, 'last')),
      node('Relu', ['x'], ['c'], bytes(3, 'Relu_1')),
      port(11, 'x'),
      port(12, 'y'),
    );
    expect(read(file).nodes.map(({ name, outputs }) => [name, ...outputs])).toEqual([
      ['Relu_2', 'a'],
      ['last', 'b'],
      ['Relu_3', 'y'],
      ['Relu_1', 'c'],
    ]);
  });

  test('a chain of 50,000 nodes in reverse', () => {
    const chain = Array.from({ length: 50_000 }, (_, i) =>
      node('Relu', [i === 0 ? 'x' : `v${i}`], [`v${i + 1}`]),
    );
    const { nodes } = read(model(Buffer.concat(chain.reverse()), port(11, 'x'), port(12, 'v50000')));
    expect(nodes[0]?.outputs).toEqual(['v1']);
    expect(nodes).toHaveLength(50_000);
  });

  test('ports: free lengths, names, no shape, what is no tensor', () => {
    const length = (...fields: Uint8Array[]) => bytes(1, ...fields);
    const typed = (name: string, ...type: Uint8Array[]) => bytes(11, bytes(1, name), bytes(2, ...type));
    const shape = bytes(
      2,
      length(int(1, 3)),
      length(bytes(2, 'N')),
      length(),
      length(int(1, -1)),
      length(int(1, 0)),
    );
    const file = model(
      node('Relu', ['a'], ['y']),
      typed('a', bytes(1, int(1, 7), shape)),
      typed('b', bytes(1, int(1, 10))),
      typed('c', bytes(4, bytes(1, bytes(1, int(1, 1))))),
      bytes(11, bytes(1, 'd')),
      port(12, 'y'),
    );
    expect(read(file).inputs).toEqual([
      { name: 'a', type: 'int64', shape: [3, 'N', -1, -1, 0] },
      { name: 'b', type: 'float16', shape: undefined },
      { name: 'c', type: 'undefined', shape: undefined },
      { name: 'd', type: 'undefined', shape: undefined },
    ]);
  });

  test('metadata, but no long documents', () => {
    const entry = (key: string, value: string) => bytes(14, bytes(1, key), bytes(2, value));
    const file = join(smallModel, entry('author', 'x'), entry('long', 'x'.repeat(70_000)));
    expect([...read(file).metadata]).toEqual([['author', 'x']]);
  });
});

describe('attributes', () => {
  const attribute = (...fields: Uint8Array[]) => {
    const file = model(
      node('Op', ['x'], ['y'], bytes(5, bytes(1, 'a'), ...fields)),
      port(11, 'x'),
      port(12, 'y'),
    );
    return read(file).nodes[0]?.attributes.get('a');
  };
  const type = (number: number) => int(20, number);

  test.for([
    ['float', [type(1), float(2, 0.5)], 0.5],
    ['int', [type(2), int(3, -3)], -3],
    ['int', [type(2), int(3, 2n ** 63n - 1n)], Number.MAX_SAFE_INTEGER],
    ['int', [type(2)], 0],
    ['string', [type(3), bytes(4, 'SAME_UPPER')], 'SAME_UPPER'],
    ['floats', [type(6), float(7, 1), float(7, 2)], [1, 2]],
    ['ints', [type(7), bytes(8, varint(1), varint(-1))], [1, -1]],
    ['ints', [type(7)], []],
    ['strings', [type(8), bytes(9, 'a'), bytes(9, 'b')], ['a', 'b']],
    ['other', [type(5), bytes(6)], 'graph'],
    ['other', [type(11), bytes(22)], 'sparse_tensor'],
    ['float', [float(2, 0.5)], 0.5],
    ['ints', [int(8, 1), int(8, 2)], [1, 2]],
  ] as const)('%s %j', ([kind, fields, value]) => {
    expect(attribute(...fields)).toEqual({ kind, value });
  });

  test('a tensor', () => {
    expect(attribute(type(4), bytes(5, tensorFields('', [], bytes(9, raw(7)))))).toEqual({
      kind: 'tensor',
      value: { name: '', type: 'float32', shape: [], data: Float32Array.of(7) },
    });
  });
});

describe('tensors', () => {
  const typed = (type: number, dims: number[], ...data: Uint8Array[]) =>
    tensorOf(join(...dims.map((length) => int(1, length)), int(2, type), bytes(8, 't'), ...data)).data;

  test('raw bytes of every type', () => {
    const of = (array: ArrayBufferView) => bytes(9, new Uint8Array(array.buffer as ArrayBuffer));
    const arrays = [
      [1, Float32Array.of(1, -2)],
      [2, Uint8Array.of(1, 255)],
      [6, Int32Array.of(1, -2)],
      [7, BigInt64Array.of(1n, -(2n ** 60n))],
      [9, Uint8Array.of(0, 1)],
      [11, Float64Array.of(0.1, -2)],
    ] as const;
    for (const [type, array] of arrays) expect(typed(type, [2], of(array))).toEqual(array);
  });

  test('typed data of every type, one by one or packed', () => {
    expect(typed(1, [2], float(4, 1), float(4, -2))).toEqual(Float32Array.of(1, -2));
    expect(typed(1, [2], bytes(4, raw(1, -2)))).toEqual(Float32Array.of(1, -2));
    expect(typed(2, [2], bytes(5, varint(1), varint(255)))).toEqual(Uint8Array.of(1, 255));
    expect(typed(6, [2], int(5, 1), int(5, -2))).toEqual(Int32Array.of(1, -2));
    expect(typed(7, [2], int(7, 2n ** 60n), bytes(7, varint(-3n)))).toEqual(BigInt64Array.of(2n ** 60n, -3n));
    expect(typed(9, [2], bytes(5, varint(1), varint(0)))).toEqual(Uint8Array.of(1, 0));
    expect(typed(11, [2], double(10, 0.1), double(10, 2))).toEqual(Float64Array.of(0.1, 2));
  });

  test('no elements, scalars', () => {
    expect(typed(1, [3, 0])).toEqual(new Float32Array());
    expect(typed(1, [], float(4, 5))).toEqual(Float32Array.of(5));
  });

  test.for([3, 8, 10, 16, 22])('numbers of other types are not decoded: %d', (type) => {
    expect(typed(type, [2], bytes(9, 'ab'))).toBeUndefined();
  });

  test('a view where it is aligned, a copy where not', () => {
    for (const shift of [0, 1, 2, 3]) {
      const buffer = new ArrayBuffer(64);
      const fields = tensorFields('w', [2], bytes(9, raw(1, 2)));
      const at = new Uint8Array(buffer, shift, fields.length);
      at.set(fields);
      const { data } = tensorOf(at);
      expect(data).toEqual(Float32Array.of(1, 2));
      expect(data?.buffer === buffer).toBe((shift + fields.length - 8) % 4 === 0);
    }
  });
});

describe('what is written is read again', () => {
  test('a file with everything', () => {
    const tensors = [
      { name: 'f', type: 'float32', shape: [2, 1], data: Float32Array.of(1, -0) },
      { name: 'd', type: 'float64', shape: [], data: Float64Array.of(0.1) },
      { name: 'i', type: 'int32', shape: [1], data: Int32Array.of(-5) },
      { name: 'l', type: 'int64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
      { name: 'u', type: 'uint8', shape: [0], data: new Uint8Array() },
      { name: 'b', type: 'bool', shape: [1], data: Uint8Array.of(1) },
    ] as const;
    const file = {
      irVersion: 8,
      opset: 17,
      name: 'graph',
      nodes: [
        {
          op: 'com.example.Op',
          name: 'first',
          inputs: ['x', '', 'f'],
          outputs: ['y', ''],
          attributes: new Map([
            ['float', { kind: 'float', value: 0.5 }],
            ['int', { kind: 'int', value: -(2 ** 53 - 1) }],
            ['string', { kind: 'string', value: 'größe' }],
            ['tensor', { kind: 'tensor', value: tensors[3] }],
            ['floats', { kind: 'floats', value: [1, Number.POSITIVE_INFINITY] }],
            ['ints', { kind: 'ints', value: [] }],
            ['strings', { kind: 'strings', value: ['', 'a'] }],
          ] as const),
        },
      ],
      initializers: new Map(tensors.map((tensor) => [tensor.name, tensor])),
      inputs: [{ name: 'x', type: 'float32', shape: ['N', -1, 3] }],
      outputs: [{ name: 'y', type: 'int64', shape: undefined }],
      metadata: new Map([['a', 'b']]),
    } as const;
    const written = writeOnnx(file);
    expect(read(written)).toEqual(file);
    expect(writeOnnx(read(written))).toEqual(written);
  });

  test('what cannot be written is named', () => {
    const file = read(
      model(
        node('If', ['x'], ['y'], bytes(5, bytes(1, 'then_branch'), int(20, 5), bytes(6))),
        port(11, 'x'),
        port(12, 'y'),
      ),
    );
    expect(() => writeOnnx(file)).toThrow(/node "If_1": attribute "then_branch" \(graph\) cannot be written/);
    const half = read(withTensor(join(int(1, 1), int(2, 10), bytes(8, 'w'), bytes(9, 'ab'))));
    expect(() => writeOnnx(half)).toThrow(/tensor "w": float16 cannot be written/);
  });
});
