import { describe, expect, test } from 'vitest';
import {
  checkOperators,
  importOnnx,
  type Known,
  ModelFileError,
  NeedsValue,
  NotBatched,
  type OnnxFile,
} from '../support/internals.js';
import { type FileParts, fileOf, node, numbers, requestFor, run } from '../support/onnx-graph.js';
import { float, floats, int, ints, known } from '../support/onnx-node.js';

/** Graphs over x [n, 4, 6, 6] that keep the batch in front. */
const batchable: Readonly<Record<string, FileParts>> = {
  'convolution, batch normalization, activation, pooling': {
    nodes: [
      node('Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1] }),
      node('BatchNormalization', ['c', 'g', 'b', 'b', 'g'], ['n']),
      node('LeakyRelu', ['n'], ['r'], { alpha: float(0.1) }),
      node('MaxPool', ['r'], ['y'], { kernel_shape: [2, 2], strides: [2, 2] }),
    ],
    weights: { w: numbers(3, 4, 3, 3), b: numbers(3), g: floats(1, 2, 3) },
  },
  'convolution in groups': {
    nodes: [node('Conv', ['x', 'w'], ['y'], { group: 2, strides: [2, 1], dilations: [1, 2] })],
    weights: { w: numbers(6, 2, 3, 2) },
  },
  'depthwise convolution, padded as TensorFlow does': {
    nodes: [node('Conv', ['x', 'w'], ['y'], { group: 4, auto_pad: 'SAME_UPPER', strides: [2, 2] })],
    weights: { w: numbers(8, 1, 3, 3) },
  },
  'transposed convolution in groups': {
    nodes: [node('ConvTranspose', ['x', 'w'], ['y'], { group: 2, strides: [2, 2], pads: [1, 0, 1, 0] })],
    weights: { w: numbers(4, 3, 3, 2) },
  },
  'convolution over volumes': {
    nodes: [
      node('Unsqueeze', ['x', 'axes'], ['v']),
      node('Conv', ['v', 'w'], ['c'], { pads: [1, 1, 1, 1, 1, 1], strides: [2, 1, 1] }),
      node('AveragePool', ['c'], ['y'], { kernel_shape: [2, 3, 2] }),
    ],
    weights: { axes: ints(1), w: numbers(2, 1, 3, 3, 3) },
  },
  'the flatten of PyTorch: Shape, Gather, Concat, Reshape': {
    nodes: [
      node('GlobalAveragePool', ['x'], ['p']),
      node('Shape', ['p'], ['s']),
      node('Gather', ['s', 'zero'], ['batch']),
      node('Unsqueeze', ['batch', 'axes'], ['list']),
      node('Concat', ['list', 'rest'], ['shape'], { axis: 0 }),
      node('Reshape', ['p', 'shape'], ['f']),
      node('Gemm', ['f', 'w', 'b'], ['y'], { transB: 1 }),
    ],
    weights: { zero: int(0), axes: ints(0), rest: ints(-1), w: numbers(5, 4), b: numbers(5) },
  },
  'the channel shuffle of ShuffleNet': {
    nodes: [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'places'], ['nhw']),
      node('Split', ['nhw'], ['n', 'h', 'w']),
      node('Concat', ['n', 'two', 'two', 'h', 'w'], ['apart'], { axis: 0 }),
      node('Reshape', ['x', 'apart'], ['a']),
      node('Transpose', ['a'], ['t'], { perm: [0, 2, 1, 3, 4] }),
      node('Reshape', ['t', 's'], ['y']),
    ],
    weights: { places: ints(0, 2, 3), two: ints(2) },
  },
  'reshapes whose first length is 0 or -1': {
    nodes: [node('Reshape', ['x', 'a'], ['f']), node('Reshape', ['f', 'b'], ['y'])],
    weights: { a: ints(0, 12, -1), b: ints(-1, 4, 36) },
  },
  'squeeze and excitation': {
    nodes: [
      node('ReduceMean', ['x'], ['m'], { axes: [2, 3] }),
      node('Conv', ['m', 'w'], ['c']),
      node('Sigmoid', ['c'], ['s']),
      node('Mul', ['x', 's'], ['y']),
    ],
    weights: { w: numbers(4, 4, 1, 1) },
  },
  'constants on the left, with and without a first axis': {
    nodes: [
      node('Sub', ['one', 'x'], ['a']),
      node('Mul', ['scale', 'a'], ['b']),
      node('Where', ['mask', 'b', 'x'], ['y']),
    ],
    weights: {
      one: known('float32', [], [1]),
      scale: numbers(1, 4, 1, 1),
      mask: known('bool', [6], [0, 1, 0, 1, 1, 0]),
    },
  },
  'slices, parts and pads': {
    nodes: [
      node('Slice', ['x', 'starts', 'ends', 'axes', 'steps'], ['s']),
      node('Split', ['s', 'sizes'], ['a', 'b'], { axis: 1 }),
      node('Concat', ['b', 'a'], ['c'], { axis: 1 }),
      node('Pad', ['c', 'pads'], ['p'], { mode: 'reflect' }),
      node('Gather', ['p', 'places'], ['y'], { axis: 3 }),
    ],
    weights: {
      starts: ints(0, -1, 0),
      ends: ints(2 ** 40, -(2 ** 40), 5),
      axes: ints(0, 2, 3),
      steps: ints(1, -2, 1),
      sizes: ints(1, 3),
      pads: ints(0, 0, 1, 2, 0, 0, 0, 1),
      places: known('int64', [2, 2], [0, -1, 3, 3]),
    },
  },
  'resizing by the sizes of another value': {
    nodes: [
      node('MaxPool', ['x'], ['p'], { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Shape', ['x'], ['s']),
      node('Resize', ['p', '', '', 's'], ['y'], { mode: 'linear' }),
    ],
  },
  'products of matrices and softmax': {
    nodes: [
      node('Transpose', ['x'], ['t'], { perm: [0, 1, 3, 2] }),
      node('MatMul', ['x', 't'], ['a']),
      node('Softmax', ['a'], ['s']),
      node('MatMul', ['s', 'w'], ['y']),
    ],
    weights: { w: numbers(4, 6, 2) },
  },
  'softmax before opset 13': { nodes: [node('Softmax', ['x'], ['y'])], opset: 9 },
  normalizations: {
    nodes: [
      node('InstanceNormalization', ['x', 'g', 'b'], ['i']),
      node('LayerNormalization', ['i', 'l'], ['n']),
      node('LRN', ['n'], ['y'], { size: 3 }),
    ],
    weights: { g: numbers(4), b: numbers(4), l: numbers(6) },
  },
  'pixel shuffle': {
    nodes: [
      node('DepthToSpace', ['x'], ['d'], { blocksize: 2, mode: 'CRD' }),
      node('ArgMax', ['d'], ['y'], { axis: -1, keepdims: 0 }),
    ],
  },
};

const x = numbers(3, 4, 6, 6);

describe('a free batch', () => {
  test.each(Object.entries(batchable))('%s: by samples as all at once', (_, parts) => {
    const file = fileOf(parts);
    const [whole] = run(file, 'whole', { x });
    const [batched] = run(file, 'batched', { x });
    expect(batched?.shape).toEqual(whole?.shape);
    for (const [i, value] of whole?.data.entries() ?? []) expect(batched?.data[i]).toBeCloseTo(value, 5);
  });

  test('its size is a shape that is known but for the batch', () => {
    const nodes = [
      node('Shape', ['x'], ['s'], { start: 1 }),
      node('Shape', ['x'], ['t']),
      node('Size', ['x'], ['c']),
      node('Relu', ['x'], ['y']),
    ];
    expect(run(fileOf({ nodes, outputs: ['s'] }), 'batched', { x })[0]?.data).toEqual([4, 6, 6]);
    const file = fileOf({ nodes, outputs: ['t', 'c'] });
    const { outputs } = importOnnx(file, requestFor(file, 'batched', { x }));
    expect(outputs).toMatchObject([
      { shape: [4], data: BigInt64Array.of(0n, 4n, 6n, 6n), batches: Float64Array.of(1, 0, 0, 0) },
      { shape: [], data: BigInt64Array.of(0n), batches: Float64Array.of(144) },
    ]);
    const whole = run(file, 'whole', { x });
    expect(whole.map(({ data }) => data)).toEqual([[3, 4, 6, 6], [432]]);
  });
});

/** Graphs over x [n, 4, 6, 6] that mix the batch with other axes, and what shape they give for n = 3. */
const mixing: Readonly<Record<string, [FileParts, readonly number[]]>> = {
  'a transpose that moves it': [{ nodes: [node('Transpose', ['x'], ['y'])] }, [6, 6, 4, 3]],
  'a sum over it': [{ nodes: [node('ReduceSum', ['x'], ['y'], { keepdims: 0 })] }, []],
  'a flatten before it': [{ nodes: [node('Flatten', ['x'], ['y'], { axis: 0 })] }, [1, 432]],
  'a flatten into it': [{ nodes: [node('Flatten', ['x'], ['y'], { axis: 2 })] }, [12, 36]],
  'a batch that is a number': [
    { nodes: [node('Reshape', ['x', 's'], ['y'])], weights: { s: ints(3, -1) } },
    [3, 144],
  ],
  'a slice of it': [
    { nodes: [node('Slice', ['x', 'a', 'b'], ['y'])], weights: { a: ints(0), b: ints(1) } },
    [1, 4, 6, 6],
  ],
  'a softmax along it': [{ nodes: [node('Softmax', ['x'], ['y'], { axis: 0 })] }, [3, 4, 6, 6]],
  'a concatenation along it': [{ nodes: [node('Concat', ['x', 'x'], ['y'], { axis: 0 })] }, [6, 4, 6, 6]],
  'numbers for each sample': [
    { nodes: [node('Add', ['x', 'b'], ['y'])], weights: { b: numbers(3, 1, 1, 1) } },
    [3, 4, 6, 6],
  ],
  'an axis before it': [
    { nodes: [node('Add', ['x', 'b'], ['y'])], weights: { b: numbers(2, 1, 1, 1, 1) } },
    [2, 3, 4, 6, 6],
  ],
  'weights that are computed': [
    {
      nodes: [node('Gemm', ['f', 'f'], ['y'], { transB: 1 })].toSpliced(0, 0, node('Flatten', ['x'], ['f'])),
    },
    [3, 3],
  ],
};

describe('a batch that is mixed with other axes', () => {
  test.each(Object.entries(mixing))('%s', (_, [parts, shape]) => {
    const file = fileOf(parts);
    expect(() => importOnnx(file, requestFor(file, 'batched', { x }))).toThrow(NotBatched);
    expect(run(file, 'whole', { x })[0]?.shape).toEqual(shape);
  });
});

describe('inputs other than images', () => {
  test('one that gives a shape is asked for, through what is computed from it', () => {
    const file = fileOf({
      inputs: { x: 'float32', side: 'int64' },
      nodes: [
        node('Concat', ['first', 'side'], ['s'], { axis: 0 }),
        node('Cast', ['s'], ['t'], { to: 7 }),
        node('Reshape', ['x', 't'], ['y']),
      ],
      weights: { first: ints(-1) },
    });
    const feeds = { x, side: ints(6) };
    const request = requestFor(file, 'whole', feeds);
    expect(() => importOnnx(file, request)).toThrow(new NeedsValue('side'));
    const known = new Map([['side', ints(6)]]);
    expect(run(file, 'whole', { x }, { known })[0]?.shape).toEqual([72, 6]);
  });

  test('an operator that only TypeScript computes asks for all of its inputs', () => {
    const file = fileOf({ nodes: [node('NonZero', ['x'], ['y'])], inputs: { x: 'float32' } });
    expect(() => importOnnx(file, requestFor(file, 'whole', { x }))).toThrow(new NeedsValue('x'));
    const known = new Map([['x', floats(0, 2, 0, 1)]]);
    expect(run(file, 'whole', {}, { known })[0]?.data).toEqual([1, 3]);
  });

  test('one that serves as weights exists once', () => {
    const nodes = [
      node('Identity', ['w'], ['v']),
      node('Conv', ['x', 'v', 'b'], ['y'], { group: 2, pads: [1, 1, 1, 1] }),
    ];
    const weights = { w: numbers(2, 2, 3, 3), b: numbers(2) };
    const inputs = { x: 'float32', w: 'float32', b: 'float32' } as const;
    const [given] = run(fileOf({ nodes, inputs }), 'whole', { x, ...weights });
    const [constant] = run(fileOf({ nodes, weights }), 'whole', { x });
    expect(given).toEqual(constant);
  });

  test('channels last: the same picture in another order', () => {
    const file = fileOf({ nodes: [node('Conv', ['x', 'w'], ['y'])], weights: { w: numbers(2, 4, 3, 3) } });
    const turned = fileOf({ nodes: [node('Transpose', ['x'], ['y'], { perm: [0, 2, 3, 1] })] });
    const image = (given: Known): Known => {
      const [answer] = run(turned, 'whole', { x: given });
      return known('float32', answer?.shape ?? [], answer?.data ?? []);
    };
    const [first] = run(file, 'whole', { x });
    const wanted = image(known('float32', first?.shape ?? [], first?.data ?? []));
    for (const mode of ['whole', 'batched'] as const) {
      const [last] = run(file, mode, { x: image(x) }, { layout: 'nhwc' });
      expect(last?.shape).toEqual([3, 4, 4, 2]);
      expect(last?.data).toEqual([...wanted.data]);
    }
  });
});

/** [what is wrong, the graph, the error]; x is [3, 4, 6, 6]. */
const wrong: readonly (readonly [string, FileParts, string])[] = [
  [
    'weights for other channels',
    { nodes: [node('Conv', ['x', 'w'], ['y'])], weights: { w: numbers(2, 3, 3, 3) } },
    'node 0 (Conv "Conv_y"): expected an input with 3 channels',
  ],
  [
    'a window of no cells',
    { nodes: [node('MaxPool', ['x'], ['y'], { kernel_shape: [0, 2] })] },
    'node 0 (MaxPool "MaxPool_y"): expected a window of 2 positive lengths, got [0, 2]',
  ],
  [
    'a stride of 0',
    { nodes: [node('MaxPool', ['x'], ['y'], { kernel_shape: [2, 2], strides: [0, 1] })] },
    'node 0 (MaxPool "MaxPool_y"): expected strides to be positive, got [0, 1]',
  ],
  [
    'an axis that is none',
    { nodes: [node('Relu', ['x'], ['r']), node('Concat', ['r', 'x'], ['y'], { axis: 4 })] },
    'node 1 (Concat "Concat_y"): expected an axis from -4 to 3, got 4',
  ],
  [
    'shapes that do not broadcast',
    { nodes: [node('Add', ['x', 'b'], ['y'])], weights: { b: numbers(5) } },
    'node 0 (Add "Add_y"): expected shapes that broadcast',
  ],
  [
    'a reshape of other size',
    { nodes: [node('Reshape', ['x', 's'], ['y'])], weights: { s: ints(5, -1) } },
    'node 0 (Reshape "Reshape_y"): expected a shape for the elements of [3, 4, 6, 6], got [5, -1]',
  ],
  [
    'an input that nobody makes',
    { nodes: [node('Relu', ['z'], ['y'])] },
    'node 0 (Relu "Relu_y"): expected the value "z" to be computed before, got none',
  ],
  [
    'a missing attribute',
    { nodes: [node('MaxPool', ['x'], ['y'])] },
    'node 0 (MaxPool "MaxPool_y"): expected an attribute "kernel_shape", got none',
  ],
  [
    'a mode that is none',
    {
      nodes: [node('Pad', ['x', 'p'], ['y'], { mode: 'mirror' })],
      weights: { p: ints(0, 0, 0, 1, 0, 0, 0, 1) },
    },
    'node 0 (Pad "Pad_y"): expected mode to be constant, edge, reflect or wrap, got mirror',
  ],
  [
    'sizes beyond all memory',
    { nodes: [node('Resize', ['x', '', '', 's'], ['y'])], weights: { s: ints(3, 4, 2 ** 40, 6) } },
    'node 0 (Resize "Resize_y"): expected a length from 1 to 1048576 along an axis, got 1099511627776',
  ],
  [
    'repeats beyond all memory',
    { nodes: [node('Tile', ['x', 'r'], ['y'])], weights: { r: ints(1, 1, 2 ** 20, 2 ** 20) } },
    'node 0 (Tile "Tile_y"): expected fewer than 2^31 elements',
  ],
  [
    'a dropout that drops',
    {
      nodes: [node('Dropout', ['x', '', 't'], ['y'])],
      weights: { t: known('bool', [], [1]) },
    },
    'node 0 (Dropout "Dropout_y"): expected a ratio of 0 for training, got 0.5',
  ],
];

describe('outputs that nobody reads', () => {
  test('are not computed: they keep no batch from being free', () => {
    const nodes = [
      node('MaxPool', ['x'], ['p', 'indices'], { kernel_shape: [2, 2] }),
      node('BatchNormalization', ['p', 'one', 'one', 'one', 'one'], ['n', 'mean', 'variance']),
      node('Dropout', ['n'], ['y', 'mask']),
    ];
    const file = fileOf({ nodes, weights: { one: floats(1, 1, 1, 1) }, opset: 9 });
    expect(run(file, 'batched', { x })).toEqual(run(file, 'whole', { x }));
    const asking = { ...file, outputs: [{ name: 'mean', type: 'float32', shape: undefined } as const] };
    expect(() => importOnnx(asking, requestFor(asking, 'whole', { x }))).toThrow(
      'node 1 (BatchNormalization "BatchNormalization_n"): expected no use of output 1, which is not computed',
    );
  });

  test('the mask of a dropout that drops nothing is all true', () => {
    const file = fileOf({ nodes: [node('Dropout', ['x'], ['y', 'mask'])], outputs: ['mask'] });
    expect(run(file, 'batched', { x })[0]?.data).toEqual(Array.from({ length: x.data.length }, () => 1));
  });
});

describe('errors name the node', () => {
  test.each(wrong)('%s', (_, parts, message) => {
    const file = fileOf(parts);
    expect(() => importOnnx(file, requestFor(file, 'whole', { x }))).toThrow(message);
  });

  test('weights of a type that is not read', () => {
    const file = fileOf({ nodes: [node('Add', ['x', 'w'], ['y'])] });
    const weights = new Map([['w', { name: 'w', type: 'float16', shape: [1], data: undefined }]] as const);
    expect(() =>
      importOnnx({ ...file, initializers: weights }, requestFor(file, 'whole', { x }, { weights })),
    ).toThrow(
      'initializer "w": expected numbers of type float32, float64, int32, int64, uint8, bool, got "float16"',
    );
  });

  test('all operators that are not supported, at once', () => {
    const file: OnnxFile = fileOf({
      nodes: [
        node('Loop', [], ['a']),
        node('com.microsoft.FusedConv', ['x'], ['b']),
        node('Relu', ['x'], ['y']),
      ],
    });
    expect(() => checkOperators(file)).toThrow(ModelFileError);
    expect(() => checkOperators(file)).toThrow('got Loop, com.microsoft.FusedConv (opset 17)');
  });
});
