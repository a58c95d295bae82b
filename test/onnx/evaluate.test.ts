import { describe, expect, test } from 'vitest';
import { type Known, NotBatched } from '../support/internals.js';
import {
  bool,
  check,
  doubles,
  evaluate,
  float,
  floats,
  int,
  int32,
  ints,
  known,
  long,
  matrix,
  uint8,
} from '../support/onnx-node.js';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe('constants and shapes', () => {
  check([
    ['Constant of floats', 'Constant', [], { value_floats: { kind: 'floats', value: [1.5] } }, floats(1.5)],
    ['Constant of an int', 'Constant', [], { value_int: 3 }, int(3)],
    ['Constant of a tensor', 'Constant', [], { value: matrix }, matrix],
    ['ConstantOfShape', 'ConstantOfShape', [ints(2, 1)], {}, known('float32', [2, 1], [0, 0])],
    ['ConstantOfShape, empty', 'ConstantOfShape', [ints(0)], { value: ints(7) }, ints()],
    ['ConstantOfShape, scalar', 'ConstantOfShape', [ints()], { value: int32(7) }, known('int32', [], [7])],
    ['Shape', 'Shape', [matrix], {}, ints(2, 3)],
    ['Shape from -1', 'Shape', [matrix], { start: -1, end: 9 }, ints(3)],
    ['Size', 'Size', [matrix], {}, int(6)],
    ['Range down', 'Range', [int(10), int(4), int(-2)], {}, ints(10, 8, 6)],
    ['Range, empty', 'Range', [int(1), int(1), int(1)], {}, ints()],
    ['EyeLike', 'EyeLike', [matrix], { k: 1, dtype: 1 }, known('float32', [2, 3], [0, 1, 0, 0, 0, 1])],
  ]);
});

describe('data types', () => {
  check([
    ['float to int cuts', 'Cast', [floats(1.9, -1.9, nan, 1e20)], { to: 6 }, int32(1, -1, 0, 2 ** 31 - 1)],
    ['float to uint8 clamps', 'Cast', [floats(-3, 255.9, 300)], { to: 2 }, uint8(0, 255, 255)],
    ['float to int64 clamps', 'Cast', [floats(inf, -inf)], { to: 7 }, long(2n ** 63n - 1n, -(2n ** 63n))],
    ['int64 to int32 wraps', 'Cast', [long(2n ** 32n + 5n, -1n)], { to: 6 }, int32(5, -1)],
    ['float to bool', 'Cast', [floats(0, -0, 0.1, nan)], { to: 9 }, bool(0, 0, 1, 1)],
    ['bool to float', 'Cast', [bool(0, 1)], { to: 1 }, floats(0, 1)],
    ['double to float rounds', 'Cast', [doubles(0.1)], { to: 1 }, floats(Math.fround(0.1))],
    ['CastLike', 'CastLike', [floats(2.5), ints(1)], {}, ints(2)],
  ]);

  test('a type that is not supported is named', () => {
    expect(() => evaluate('Cast', [floats(1)], { to: 10 })).toThrow(
      /^node 0 \(Cast "cast"\): expected a data type of float32, .*, got float16$/,
    );
  });
});

describe('arithmetic', () => {
  check([
    ['broadcasting', 'Add', [matrix, ints(10, 20, 30)], {}, known('int64', [2, 3], [11, 22, 33, 14, 25, 36])],
    ['int64 wraps', 'Add', [long(2n ** 63n - 1n), long(1n)], {}, long(-(2n ** 63n))],
    ['int32 wraps', 'Mul', [int32(65537), int32(65537)], {}, int32(131073)],
    ['uint8 wraps', 'Sub', [uint8(3), uint8(5)], {}, uint8(254)],
    ['float32 rounds once', 'Mul', [floats(0.1), floats(3)], {}, floats(Math.fround(Math.fround(0.1) * 3))],
    ['float64 does not', 'Add', [doubles(0.1), doubles(0.2)], {}, doubles(0.1 + 0.2)],
    ['division towards 0', 'Div', [ints(-7, 7), ints(2, -2)], {}, ints(-3, -3)],
    ['division of int32', 'Div', [int32(-7), int32(2)], {}, int32(-3)],
    ['Mod: sign of the divisor', 'Mod', [ints(-4, 7, 5), ints(2, -3, 8)], {}, ints(0, -2, 5)],
    ['Mod: sign of the dividend', 'Mod', [int32(-4, 7, 5), int32(3, -3, 8)], { fmod: 1 }, int32(-1, 1, 5)],
    [
      'Mod of infinite divisors',
      'Mod',
      [doubles(3, -3, 3, inf, 0), doubles(inf, inf, -inf, 3, 0)],
      {},
      doubles(3, inf, -inf, nan, nan),
    ],
    [
      'Mod with a zero of the sign of the divisor',
      'Mod',
      [doubles(6, -6), doubles(-3, 3)],
      {},
      doubles(-0, 0),
    ],
    ['Pow keeps the type of the base', 'Pow', [ints(2, -3), floats(3, 2)], {}, ints(8, 9)],
    ['Pow wraps', 'Pow', [long(3n), long(50n)], {}, long(BigInt.asIntN(64, 3n ** 50n))],
    ['Pow, negative exponent', 'Pow', [ints(2, -1), ints(-1, -3)], {}, ints(0, -1)],
    ['Neg', 'Neg', [ints(1, -2)], {}, ints(-1, 2)],
    ['Max of three', 'Max', [ints(1, 5), ints(3), ints(2, 2)], {}, ints(3, 5)],
    ['Min gives NaN', 'Min', [floats(nan, 1), floats(1, 2)], {}, floats(nan, 1)],
    ['Mean', 'Mean', [floats(1), floats(2)], {}, floats(1.5)],
    [
      'axis before opset 7',
      'Add',
      [matrix, ints(10, 20)],
      { axis: 0, broadcast: 1 },
      known('int64', [2, 3], [11, 12, 13, 24, 25, 26]),
      { opset: 6 },
    ],
    ['BitShift', 'BitShift', [uint8(16, 129), uint8(1, 1)], { direction: 'LEFT' }, uint8(32, 2)],
    [
      'BitShift keeps the sign',
      'BitShift',
      [int32(-8, -8, -8, 8), int32(1, 32, -1, 40)],
      { direction: 'RIGHT' },
      int32(-4, -1, -1, 0),
    ],
    [
      'BitShift by too much',
      'BitShift',
      [ints(1, 1, 3), ints(64, -1, 1)],
      { direction: 'LEFT' },
      ints(0, 0, 6),
    ],
    ['BitCast', 'BitCast', [floats(1, -2)], { to: 6 }, int32(0x3f800000, -0x40000000)],
    ['BitCast to as many bytes', 'BitCast', [ints(0)], { to: 11 }, doubles(0)],
    ['BitwiseXor', 'BitwiseXor', [int32(6), int32(3)], {}, int32(5)],
    ['BitwiseNot', 'BitwiseNot', [uint8(1)], {}, uint8(254)],
  ]);

  test('errors', () => {
    expect(() => evaluate('BitCast', [floats(1)], { to: 7 })).toThrow('as wide as float32, got int64');
    expect(() => evaluate('Div', [ints(1), ints(0)])).toThrow('expected integer divisors that are not 0');
    expect(() => evaluate('Add', [ints(1), floats(1)])).toThrow('expected inputs of one data type');
    expect(() => evaluate('Add', [ints(1, 2), ints(1, 2, 3)])).toThrow(
      'expected shapes that broadcast, got [2] and [3]',
    );
    expect(() => evaluate('Add', [ints(1), undefined])).toThrow('expected input 1 to be given');
  });
});

describe('comparisons and choices', () => {
  check([
    ['Equal', 'Equal', [ints(1, 2), ints(1, 3)], {}, bool(1, 0)],
    ['Less of NaN', 'Less', [floats(nan, 1), floats(1, 2)], {}, bool(0, 1)],
    ['Greater', 'Greater', [long(2n ** 60n + 1n), long(2n ** 60n)], {}, bool(1)],
    ['Or', 'Or', [bool(0, 1), bool(0)], {}, bool(0, 1)],
    ['Xor', 'Xor', [bool(0, 1), bool(1, 1)], {}, bool(1, 0)],
    ['Not', 'Not', [bool(0, 1)], {}, bool(1, 0)],
    ['Where', 'Where', [bool(1, 0), ints(1), ints(2, 3)], {}, ints(1, 3)],
    ['IsNaN', 'IsNaN', [floats(nan, 1)], {}, bool(1, 0)],
    ['IsInf, one side', 'IsInf', [floats(inf, -inf)], { detect_negative: 0 }, bool(1, 0)],
  ]);
});

describe('functions', () => {
  check([
    ['Abs', 'Abs', [ints(-2, 3)], {}, ints(2, 3)],
    ['Sign', 'Sign', [ints(-2, 0, 3)], {}, ints(-1, 0, 1)],
    [
      'Round, halves to even',
      'Round',
      [floats(0.5, 1.5, 2.5, -0.5, -1.5, 0.6)],
      {},
      floats(0, 2, 2, -0, -2, 1),
    ],
    [
      'Clip of opset 6',
      'Clip',
      [floats(-1, 7)],
      { min: float(0), max: float(6) },
      floats(0, 6),
      { opset: 6 },
    ],
    ['Clip of integers by attributes', 'Clip', [ints(-5, 5)], { max: float(3) }, ints(-5, 3), { opset: 6 }],
    ['Clip of integers', 'Clip', [ints(-5, 5), undefined, int(3)], {}, ints(-5, 3)],
    ['Relu', 'Relu', [floats(-1, 2)], {}, floats(0, 2)],
    ['LeakyRelu', 'LeakyRelu', [floats(-1, 2)], { alpha: 0.5 }, floats(-0.5, 2)],
    ['HardSigmoid', 'HardSigmoid', [doubles(-9, 0, 9)], {}, doubles(0, 0.5, 1)],
    ['ThresholdedRelu', 'ThresholdedRelu', [floats(1, 1.5)], {}, floats(0, 1.5)],
    ['Shrink', 'Shrink', [floats(-2, 0.5, 2)], { bias: 0.5 }, floats(-1.5, 0, 1.5)],
    ['PRelu', 'PRelu', [floats(-2, 2), floats(3)], {}, floats(-6, 2)],
    ['Softplus does not overflow', 'Softplus', [floats(1000, -1000)], {}, floats(1000, 0)],
    ['Softsign of inf', 'Softsign', [floats(inf, 1)], {}, floats(1, 0.5)],
  ]);

  /** Digits from tables of the error function. */
  test.each([
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [-2, -0.9953222650189527],
    [4, 0.9999999845827421],
    [7, 1],
  ])('Erf of %d', (x, expected) => {
    const [y] = evaluate('Erf', [doubles(x)]);
    expect(Math.abs((y?.data[0] as number) / expected - 1)).toBeLessThan(1e-15);
  });
});

/** [n, 3, 2 n + 4] */
const shape = known('int64', [3], [0, 3, 4], [1, 0, 2]);
const batched = (values: number[], factors: number[]): Known =>
  known('int64', [values.length], values, factors);

describe('numbers that depend on the batch', () => {
  check([
    ['Gather', 'Gather', [shape, ints(2, 1)], {}, batched([4, 3], [2, 0])],
    ['Gather without the batch', 'Gather', [shape, ints(1)], {}, ints(3)],
    ['Slice', 'Slice', [shape, ints(0), ints(2)], {}, batched([0, 3], [1, 0])],
    ['Concat', 'Concat', [ints(7), shape], { axis: 0 }, batched([7, 0, 3, 4], [0, 1, 0, 2])],
    ['Unsqueeze', 'Unsqueeze', [batched([0], [1]), ints(0)], {}, known('int64', [1, 1], [0], [1])],
    ['Cast', 'Cast', [shape], { to: 6 }, known('int32', [3], [0, 3, 4], [1, 0, 2])],
    ['Add', 'Add', [shape, ints(1)], {}, batched([1, 4, 5], [1, 0, 2])],
    ['Sub of the batch from itself', 'Sub', [shape, shape], {}, ints(0, 0, 0)],
    ['Mul', 'Mul', [ints(3), shape], {}, batched([0, 9, 12], [3, 0, 6])],
    ['Div, exact', 'Div', [known('int64', [1], [4], [2]), ints(2)], {}, batched([2], [1])],
    ['Neg', 'Neg', [batched([0], [1])], {}, batched([0], [-1])],
    ['Equal, decided', 'Equal', [shape, ints(-1)], {}, bool(0, 0, 0)],
    ['Less, decided', 'Less', [batched([0], [1]), ints(1)], {}, bool(0)],
    ['Where', 'Where', [bool(1, 0, 0), shape, ints(8)], {}, batched([0, 8, 8], [1, 0, 0])],
  ]);

  test.each([
    ['Div', [shape, ints(3)]],
    ['Mul', [shape, shape]],
    ['Equal', [shape, ints(5)]],
    ['Max', [shape, ints(1)]],
    ['ConstantOfShape', [shape]],
    ['Range', [int(0), batched([0], [1]), int(1)]],
    ['Reshape', [ints(1, 2), shape]],
    ['ReduceProd', [shape]],
  ])('%s is not computed', (op, inputs) => {
    expect(() => evaluate(op, inputs)).toThrow(NotBatched);
  });

  test('nor is a cast to float', () => {
    expect(() => evaluate('Cast', [shape], { to: 1 })).toThrow(NotBatched);
  });
});

describe('small files do not ask for large memory', () => {
  const big = 2 ** 31;
  test.each<readonly [string, readonly (Known | undefined)[]]>([
    ['Range', [int(0), int(2 ** 40), int(1)]],
    ['Expand', [ints(1), ints(2 ** 25)]],
    ['Tile', [ints(1), ints(2 ** 50)]],
    ['Pad', [ints(1), ints(2 ** 50, 0)]],
    ['OneHot', [ints(1), int(2 ** 40), ints(0, 1)]],
    [
      'Add',
      [
        known('uint8', [2 ** 13, 1], new Array(2 ** 13).fill(0)),
        known('uint8', [1, 2 ** 13], new Array(2 ** 13).fill(0)),
      ],
    ],
  ])('%s', (op, inputs) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => evaluate(op, inputs)).toThrow(/expected a constant result of at most 4194304 elements/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  test.each([[ints(big, big, big)], [ints(2 ** 28 + 1)]])('ConstantOfShape', (shape) => {
    expect(() => evaluate('ConstantOfShape', [shape])).toThrow(/at most 268435456 elements/);
  });

  test('a filling as large as weights takes no memory until it is read', () => {
    const before = process.memoryUsage().arrayBuffers;
    const [y] = evaluate('ConstantOfShape', [ints(2 ** 24)]);
    expect(y?.filling).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    expect(y?.data.length).toBe(2 ** 24);
  });

  test.each(['Transpose', 'ReduceSum', 'ArgMax', 'TopK', 'Neg'])('%s of nothing in a vast shape', (op) => {
    const nothing = known('float32', [2 ** 40, 0], []);
    expect(() => evaluate(op, [nothing, ints(1)])).toThrow('expected an empty input of small lengths');
    expect(() => evaluate('ConstantOfShape', [ints(2 ** 40, 0)])).toThrow(/at most 268435456 elements/);
  });

  test('what is as large as its inputs is computed', () => {
    const [y] = evaluate('Neg', [{ ...uint8(), shape: [2 ** 24 + 1], data: new Uint8Array(2 ** 24 + 1) }]);
    expect(y?.data.length).toBe(2 ** 24 + 1);
  });
});
