import { describe, expect, test } from 'vitest';
import { failing, ModelFileError, readOnnx } from '../support/internals.js';
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
  tag,
  tensorFields,
  varint,
  withTensor,
} from '../support/protobuf.js';
import { random } from '../support/random.js';

// Numbers in names are those of the list of bad inputs, group D: model files.

function faultOf(file: Uint8Array): string | undefined {
  try {
    readOnnx(file, failing('loadOnnx', 'test.onnx'));
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ModelFileError);
    const { message } = error as Error;
    expect(message).toMatch(/^loadOnnx: test\.onnx: /);
    expect(message.length).toBeLessThan(600);
    return message;
  }
}

const io = [port(11, 'x'), port(12, 'y')];
const relu = node('Relu', ['x'], ['y']);
const graph = bytes(7, relu, ...io);
const tensor = (...fields: Uint8Array[]) => withTensor(join(bytes(8, 'w'), ...fields));
const attribute = (...fields: Uint8Array[]) =>
  model(node('Op', ['x'], ['y'], bytes(5, bytes(1, 'a'), ...fields)), ...io);
const maxInt = 2n ** 63n - 1n;
const invalid = Uint8Array.of(0xc3, 0x28);

describe('damage', () => {
  test('57 empty, and cut at every byte', () => {
    for (let length = 0; length < smallModel.length; length++) {
      expect(faultOf(smallModel.subarray(0, length)), `${length} bytes`).toBeDefined();
    }
  });

  test('58 every bit flipped, and many bytes at once', () => {
    for (let bit = 0; bit < smallModel.length * 8; bit++) {
      const file = smallModel.slice();
      file[bit >> 3] = (smallModel[bit >> 3] as number) ^ (1 << (bit & 7));
      faultOf(file);
    }
    const next = random(58);
    for (let round = 0; round < 2000; round++) {
      const file = smallModel.slice();
      for (let i = 0; i < 4; i++) file[Math.floor(next() * file.length)] = Math.floor(next() * 256);
      faultOf(file);
    }
  });

  test('60 deep subgraphs are passed over, not walked', () => {
    // Each level adds its length in front; built from the inside, so that this takes no stack either.
    const parts: Uint8Array[] = [];
    let size = 0;
    for (let depth = 0; depth < 100_000; depth++) {
      const head = join(tag(6, 2), varint(size));
      parts.push(head);
      size += head.length;
    }
    expect(faultOf(attribute(int(20, 5), Buffer.concat(parts.reverse())))).toBeUndefined();
  });

  test.for([
    ['a picture', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10])],
    ['a text', new TextEncoder().encode('{"format": "layers-model"}')],
    ['zeros', new Uint8Array(1000)],
    ['ones', new Uint8Array(1000).fill(255)],
  ] as const)('another kind of file: %s', ([, file]) => {
    expect(faultOf(file)).toBeDefined();
  });
});

const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['61 two graphs', join(int(1, 8), opset(13), graph, graph), /expected one graph, got two/],
  [
    '61 a graph that is a number',
    join(int(1, 8), opset(13), int(7, 1)),
    /field 7 to be bytes, got wire type 0/,
  ],
  ['61 a name that is a number', model(bytes(1, int(4, 1)), ...io), /node 0: byte \d+: expected field 4/],
  [
    '61 two tensors in an attribute',
    attribute(bytes(5, int(2, 1), int(1, 0)), bytes(5)),
    /one tensor, got two|expected/,
  ],
  [
    '62 a negative length',
    tensor(int(2, 1), int(1, -1), bytes(9, raw(1))),
    /lengths of 0 or more, got \[-1\]/,
  ],
  ['62 a product beyond 2^53', tensor(int(2, 1), int(1, 2 ** 31), int(1, 2 ** 31)), /size below 2\^53/],
  ['62 a product that wraps', tensor(int(2, 1), int(1, 2n ** 32n), int(1, 2n ** 32n)), /size below 2\^53/],
  ['62 a length of 2^63 - 1', tensor(int(2, 1), int(1, maxInt), bytes(9, raw(1))), /expected \d+ numbers/],
  [
    '62 more than is there',
    tensor(int(2, 1), int(1, 10 ** 9), bytes(9, raw(1))),
    /1000000000 numbers .* got 4 bytes/,
  ],
  ['62 fewer than are there', tensor(int(2, 1), int(1, 1), bytes(9, raw(1, 2))), /expected 1 numbers/],
  ['62 a part of a number', tensor(int(2, 1), int(1, 1), bytes(9, 'abc')), /got 3 bytes/],
  ['62 typed data of another length', tensor(int(2, 1), int(1, 3), float(4, 1)), /got 1 numbers/],
  ['62 raw and typed data', tensor(int(2, 1), int(1, 1), float(4, 1), bytes(9, raw(1))), /got both/],
  [
    '62 floats for integers',
    tensor(int(2, 7), int(1, 1), float(4, 1)),
    /numbers of int64, got ones in field 4/,
  ],
  ['62 doubles for floats', tensor(int(2, 1), int(1, 1), double(10, 1)), /got ones in field 10/],
  ['62 nine axes', tensor(int(2, 1), ...Array(9).fill(int(1, 1)), bytes(9, raw(1))), /8 axes at most/],
  ['62 a byte of 256', tensor(int(2, 2), int(1, 1), int(5, 256)), /numbers of uint8, got 256/],
  ['62 an int32 of 2^31', tensor(int(2, 6), int(1, 1), int(5, 2 ** 31)), /numbers of int32, got 2147483648/],
  ['62 a boolean of 2', tensor(int(2, 9), int(1, 1), int(5, 2)), /booleans of 0 or 1, got 2/],
  [
    '62 a raw boolean of 3',
    tensor(int(2, 9), int(1, 1), bytes(9, Uint8Array.of(3))),
    /booleans of 0 or 1, got 3/,
  ],
  ['62 a segment', tensor(int(2, 1), bytes(3)), /got a segment of one/],
  ['62 an unknown place', tensor(int(2, 1), int(14, 2)), /location 2/],
  [
    '63 no data type',
    tensor(int(2, 0), int(1, 1), bytes(9, raw(1))),
    /initializer "w": expected a data type, got none/,
  ],
  [
    '63 an unknown data type',
    tensor(int(2, 99), int(1, 1)),
    /"w": expected a data type that ONNX knows, got number 99/,
  ],
  ['63 a negative data type', tensor(int(2, -1)), /got number -1/],
  ['64 no graph', join(int(1, 8), opset(13)), /got no graph/],
  ['64 no opset', join(int(1, 8), graph), /expected an opset/],
  ['64 an opset of another domain only', join(int(1, 8), opset(1, 'a'), graph), /expected an opset/],
  ['64 opset 0', join(int(1, 8), opset(0), graph), /opset of 1 or more, got 0/],
  ['64 opset -1', join(int(1, 8), opset(-1), graph), /opset of 1 or more, got -1/],
  ['64 opset 999', join(int(1, 8), opset(999), graph), /opset of at most 28, got 999/],
  ['64 no inputs', model(relu, port(12, 'y')), /node 0 \(Relu "Relu_1"\): expected input "x" to be/],
  ['64 no outputs', model(relu, port(11, 'x')), /expected one output or more/],
  ['64 an input without a name', model(relu, ...io, bytes(11)), /input 1: expected a name/],
  ['64 a node without an operator', model(bytes(1), ...io), /node 0: expected the name of an operator/],
  ['64 an operator of a long name', model(node('a'.repeat(300), ['x'], ['y']), ...io), /operator's name/],
  ['65 an input that nobody makes', model(node('Add', ['x', 'z'], ['y']), ...io), /expected input "z" to be/],
  [
    '65 a node that reads itself',
    model(node('Add', ['x', 'y'], ['y']), ...io),
    /no circle of nodes, got one through "y"/,
  ],
  [
    '65 a circle',
    model(node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b']), relu, ...io),
    /no circle of nodes/,
  ],
  ['65 a value made twice', model(relu, node('Abs', ['x'], ['y']), ...io), /output "y" to be made once/],
  [
    '65 a value twice by one node',
    model(node('Split', ['x'], ['y', 'y']), ...io),
    /output "y" to be made once/,
  ],
  [
    '65 a node that makes an input',
    model(node('Relu', ['x'], ['y']), node('Relu', ['y'], ['x']), ...io),
    /no circle|made once/,
  ],
  [
    '65 an output that nobody makes',
    model(relu, ...io, port(12, 'z')),
    /output "z": expected a value that a node makes/,
  ],
  ['65 an output twice', model(relu, ...io, port(12, 'y')), /output "y": expected a name of its own/],
  ['65 an input twice', model(relu, ...io, port(11, 'x')), /input "x": expected a name of its own/],
  [
    '65 an initializer twice',
    model(relu, ...io, ...[1, 2].map(() => bytes(5, tensorFields('w', [0], new Uint8Array())))),
    /initializer "w": expected a name of its own/,
  ],
  [
    '65 an initializer without a name',
    model(relu, ...io, bytes(5, int(2, 1), int(1, 0))),
    /initializer 0 to have a name/,
  ],
  [
    '66 an attribute of another type than its value',
    attribute(int(20, 1), int(3, 1)),
    /"a": expected the value of "float" alone/,
  ],
  ['66 two values', attribute(int(20, 1), float(2, 1), int(3, 1)), /field 3 too/],
  ['66 no type and no value', attribute(), /expected a type and a value/],
  ['66 an unknown type', attribute(int(20, 99)), /expected a type and a value, got type 99/],
  ['66 a tensor that is missing', attribute(int(20, 4)), /expected a tensor, got none/],
  ['66 a reference', attribute(int(20, 1), bytes(21, 'b')), /reference to an attribute of a function/],
  [
    '66 an attribute without a name',
    model(node('Op', ['x'], ['y'], bytes(5, int(3, 1))), ...io),
    /attribute "": expected a name/,
  ],
  [
    '66 an attribute twice',
    model(node('Op', ['x'], ['y'], ...[1, 2].map(() => bytes(5, bytes(1, 'a'), int(3, 1)))), ...io),
    /expected every attribute once, got "a" twice/,
  ],
  [
    '66 257 attributes',
    model(
      node(
        'Op',
        ['x'],
        ['y'],
        ...Array.from({ length: 257 }, (_, i) => bytes(5, bytes(1, `a${i}`), int(3, 1))),
      ),
      ...io,
    ),
    /256 attributes at most/,
  ],
  ['67 external data of bytes', tensor(int(2, 1), int(1, 1), int(14, 1)), /externalData: true/],
  ['sparse weights', model(relu, ...io, bytes(15)), /no sparse_initializer/],
  ['70 a name of a node', model(node('Relu', ['x'], ['y'], bytes(3, invalid)), ...io), /a name in UTF-8/],
  [
    '70 a name of a value',
    model(bytes(1, bytes(1, invalid), bytes(4, 'Relu')), ...io),
    /name of a value in UTF-8/,
  ],
  ['70 a name of a tensor', withTensor(bytes(8, invalid)), /a name in UTF-8/],
  ['70 a name of 64 KiB and a byte', model(relu, ...io, bytes(2, 'a'.repeat(65_537))), /at most 65536 bytes/],
];

describe('wrong files, by rule', () => {
  test.for(cases)('%s', ([, file, rule]) => {
    expect(faultOf(file)).toMatch(rule);
  });

  test('the unchanged ones are right', () => {
    for (const file of [smallModel, model(relu, ...io), attribute(int(20, 2), int(3, 1))]) {
      expect(faultOf(file)).toBeUndefined();
    }
  });

  test('69 operators that nobody knows are read: the importer names them', () => {
    expect(faultOf(model(node('Loop', ['x'], ['y']), ...io))).toBeUndefined();
  });
});

describe('files that want too much', () => {
  const many = (count: number, field: Uint8Array): Uint8Array => Buffer.concat(Array(count).fill(field));

  test('71 a million nodes, a million initializers', () => {
    expect(faultOf(model(many(1_000_000, node('Relu', ['x'], [''])), ...io))).toMatch(/100000 nodes at most/);
    const tensors = Array.from({ length: 100_001 }, (_, i) =>
      bytes(5, tensorFields(`${i}`, [0], new Uint8Array())),
    );
    expect(faultOf(model(relu, Buffer.concat(tensors), ...io))).toMatch(/100000 initializers at most/);
  });

  test('100,000 nodes are allowed', () => {
    expect(faultOf(model(many(99_999, node('Relu', ['x'], [''])), relu, ...io))).toBeUndefined();
  });

  test.for([
    ['attributes of small numbers', attribute(int(20, 7), bytes(8, new Uint8Array(8_000_000)))],
    ['names of inputs', model(bytes(1, many(2_000_000, bytes(1, 'x')), bytes(4, 'Op')), ...io)],
    ['texts', attribute(int(20, 8), many(2_000_000, bytes(9, '')))],
    ['inputs', model(relu, many(1_000_000, port(11, 'x')), ...io)],
    ['64-bit numbers of one byte', tensor(int(2, 7), int(1, 8_000_000), bytes(7, new Uint8Array(8_000_000)))],
  ] as const)('P11 %s: twice the file and 16 MiB are enough', ([, file]) => {
    const before = process.memoryUsage();
    expect(faultOf(file)).toMatch(/memory|own/);
    const after = process.memoryUsage();
    const taken = after.arrayBuffers - before.arrayBuffers;
    expect(taken).toBeLessThan(2 * file.length + 2 ** 24);
  });
});
