import { describe, expect, test } from 'vitest';
import type { Known, OnnxNode } from '../support/internals.js';
import { fileOf, node, numbers, run } from '../support/onnx-graph.js';
import { checkLaws, type Law, type Laws } from '../support/onnx-law.js';
import { float, floats, ints, known } from '../support/onnx-node.js';

/** What the conformance data of ONNX leave out, by laws that hold between operators. */

/** Part `index` of `count` along an axis. */
function part({ shape, data }: Known, axis: number, index: number, count: number): Known {
  const length = (shape[axis] as number) / count;
  const inner = shape.slice(axis + 1).reduce((all, size) => all * size, 1);
  const kept = Array.from(data, Number).filter((_, i) => {
    return Math.floor(i / inner / length) % count === index;
  });
  return known('float32', shape.with(axis, length), kept);
}

/** A convolution in two groups, and two without groups, one beside the other. */
function inGroups(op: string, x: Known, w: Known, attributes: Parameters<typeof node>[3]): Law {
  const b = numbers(6);
  const filters = op === 'Conv' ? w.shape[0] : 2 * (w.shape[1] as number);
  expect(filters).toBe(6);
  return {
    x,
    given: {
      nodes: [node(op, ['x', 'w', 'b'], ['y'], { ...attributes, group: 2 })],
      weights: { w, b },
    },
    same: {
      nodes: [
        node('Split', ['x'], ['p', 'q'], { axis: 1 }),
        node(op, ['p', 'w0', 'b0'], ['r'], attributes),
        node(op, ['q', 'w1', 'b1'], ['s'], attributes),
        node('Concat', ['r', 's'], ['y'], { axis: 1 }),
      ],
      weights: { w0: part(w, 0, 0, 2), w1: part(w, 0, 1, 2), b0: part(b, 0, 0, 2), b1: part(b, 0, 1, 2) },
    },
  };
}

const image = numbers(2, 4, 5, 6);
const volume = numbers(2, 4, 3, 5, 4);

/** One node without weights. */
const one = (op: string, attributes: Parameters<typeof node>[3] = {}): OnnxNode[] => [
  node(op, ['x'], ['y'], attributes),
];

const channels = { s: numbers(4), b: numbers(4) };

const laws: Laws = {
  'Conv over images in groups': inGroups('Conv', image, numbers(6, 2, 3, 2), {
    dilations: [1, 2],
    strides: [2, 1],
  }),
  'Conv over volumes in groups': inGroups('Conv', volume, numbers(6, 2, 2, 3, 3), {
    pads: [1, 0, 1, 0, 1, 2],
    strides: [1, 2, 1],
  }),
  'ConvTranspose over lines in groups': inGroups('ConvTranspose', numbers(2, 4, 5), numbers(4, 3, 3), {
    strides: [2],
    pads: [1, 0],
  }),
  'ConvTranspose over images in groups': inGroups('ConvTranspose', image, numbers(4, 3, 3, 2), {
    strides: [2, 3],
    dilations: [2, 1],
    pads: [1, 0, 4, 1],
    output_padding: [1, 2],
  }),
  'ConvTranspose over volumes: of one slice as over images': {
    x: numbers(2, 4, 1, 5, 6),
    given: {
      nodes: [node('ConvTranspose', ['x', 'w'], ['y'], { strides: [1, 2, 2] })],
      weights: { w: numbers(4, 3, 1, 3, 2) },
    },
    same: {
      nodes: [
        node('Squeeze', ['x', 'depth'], ['i']),
        node('ConvTranspose', ['i', 'v'], ['j'], { strides: [2, 2] }),
        node('Unsqueeze', ['j', 'depth'], ['y']),
      ],
      weights: { depth: ints(2), v: { ...numbers(4, 3, 1, 3, 2), shape: [4, 3, 3, 2] } },
    },
  },
  'GroupNormalization with as many groups as channels': {
    x: image,
    given: {
      nodes: [node('GroupNormalization', ['x', 's', 'b'], ['y'], { num_groups: 4 })],
      weights: channels,
      opset: 21,
    },
    same: { nodes: [node('InstanceNormalization', ['x', 's', 'b'], ['y'])], weights: channels },
  },
  'GroupNormalization of opset 18: scale and bias for each group': {
    x: image,
    given: {
      nodes: [node('GroupNormalization', ['x', 's', 'b'], ['y'], { num_groups: 2 })],
      weights: { s: floats(2, 3), b: floats(0, 1) },
      opset: 18,
    },
    same: {
      nodes: [node('GroupNormalization', ['x', 's', 'b'], ['y'], { num_groups: 2 })],
      weights: { s: floats(2, 2, 3, 3), b: floats(0, 0, 1, 1) },
      opset: 21,
    },
  },
  'LpPool with p = 2 is a root of a mean of squares': {
    x: image,
    given: { nodes: one('LpPool', { kernel_shape: [2, 3], pads: [0, 1, 1, 0] }) },
    same: {
      nodes: [
        node('Mul', ['x', 'x'], ['q']),
        node('AveragePool', ['q'], ['m'], { kernel_shape: [2, 3], pads: [0, 1, 1, 0], count_include_pad: 1 }),
        node('Mul', ['m', 'six'], ['s']),
        node('Sqrt', ['s'], ['y']),
      ],
      weights: { six: floats(6) },
    },
  },
  'BatchNormalization of opset 7 with a number for each place': {
    x: image,
    given: {
      nodes: [
        node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'], { spatial: 0, epsilon: float(0) }),
      ],
      weights: { s: numbers(4, 5, 6), b: numbers(4, 5, 6), m: numbers(4, 5, 6), v: floats(4) },
      opset: 7,
    },
    same: {
      nodes: [
        node('Sub', ['x', 'm'], ['c']),
        node('Mul', ['c', 's'], ['t']),
        node('Div', ['t', 'two'], ['u']),
        node('Add', ['u', 'b'], ['y']),
      ],
      weights: { s: numbers(4, 5, 6), b: numbers(4, 5, 6), m: numbers(4, 5, 6), two: floats(2) },
    },
  },
  'Add of opset 6 along an axis': {
    x: image,
    given: {
      nodes: [node('Add', ['x', 'b'], ['y'], { broadcast: 1, axis: 1 })],
      weights: { b: numbers(4, 5) },
      opset: 6,
    },
    same: { nodes: [node('Add', ['x', 'b'], ['y'])], weights: { b: { ...numbers(4, 5), shape: [4, 5, 1] } } },
  },
  'PRelu of opset 6: one slope per channel': {
    x: image,
    given: { nodes: [node('PRelu', ['x', 's'], ['y'])], weights: channels, opset: 6 },
    same: { nodes: [node('PRelu', ['x', 's'], ['y'])], weights: { s: { ...channels.s, shape: [4, 1, 1] } } },
  },
  'Clip of opset 6': {
    x: image,
    given: { nodes: one('Clip', { min: float(-0.5), max: float(0.25) }), opset: 6 },
    same: {
      nodes: [node('Clip', ['x', 'low', 'high'], ['y'])],
      weights: { low: known('float32', [], [-0.5]), high: known('float32', [], [0.25]) },
    },
  },
  'Slice, Pad and Squeeze of older opsets': {
    x: image,
    given: {
      nodes: [
        node('Slice', ['x'], ['s'], { starts: [1], ends: [2], axes: [1] }),
        node('Squeeze', ['s'], ['t'], { axes: [1] }),
        node('Pad', ['t'], ['y'], { pads: [0, 1, 0, 0, 0, 2], value: float(3) }),
      ],
      opset: 9,
    },
    same: {
      nodes: [node('Gather', ['x', 'one'], ['t'], { axis: 1 }), node('Pad', ['t', 'pads', 'three'], ['y'])],
      weights: {
        one: known('int64', [], [1]),
        pads: ints(0, 1, 0, 0, 0, 2),
        three: known('float32', [], [3]),
      },
    },
  },
  'Cast of opset 1, to a type by name': {
    x: image,
    given: {
      nodes: [node('Cast', ['x'], ['i'], { to: 'INT32' }), node('Cast', ['i'], ['y'], { to: 'FLOAT' })],
      opset: 1,
    },
    same: { nodes: [node('Cast', ['x'], ['i'], { to: 6 }), node('Cast', ['i'], ['y'], { to: 1 })] },
  },
  'Gemm scales the product and what is added': {
    x: numbers(3, 4),
    given: {
      nodes: [node('Gemm', ['x', 'w', 'c'], ['y'], { alpha: float(0.5), beta: float(3) })],
      weights: { w: numbers(4, 2), c: numbers(2) },
    },
    same: {
      nodes: [
        node('MatMul', ['x', 'w'], ['m']),
        node('Mul', ['m', 'half'], ['h']),
        node('Mul', ['c', 'three'], ['t']),
        node('Add', ['h', 't'], ['y']),
      ],
      weights: { w: numbers(4, 2), c: numbers(2), half: floats(0.5), three: floats(3) },
    },
  },
  'Upsample of opset 9 and Resize': {
    x: image,
    given: { nodes: [node('Upsample', ['x', 's'], ['y'])], weights: { s: floats(1, 1, 2, 3) }, opset: 9 },
    same: {
      nodes: [
        node('Resize', ['x', '', 's'], ['y'], {
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
      ],
      weights: { s: floats(1, 1, 2, 3) },
    },
  },
  'Resize named by axes keeps the others': {
    x: image,
    given: {
      nodes: [node('Resize', ['x', '', '', 's'], ['y'], { mode: 'cubic', axes: [3, 2] })],
      weights: { s: ints(7, 4) },
      opset: 18,
    },
    same: {
      nodes: [node('Resize', ['x', '', 's'], ['y'], { mode: 'cubic' })],
      weights: { s: known('float64', [4], [1, 1, 4 / 5, 7 / 6]) },
    },
  },
  'Resize that may not be larger keeps the shape of a picture': {
    x: image,
    given: {
      nodes: [
        node('Resize', ['x', '', '', 's'], ['y'], {
          axes: [2, 3],
          keep_aspect_ratio_policy: 'not_larger',
          mode: 'linear',
        }),
      ],
      weights: { s: ints(10, 18) },
      opset: 18,
    },
    same: {
      nodes: [node('Resize', ['x', '', 's'], ['y'], { mode: 'linear' })],
      weights: { s: floats(1, 1, 2, 2) },
    },
  },
  'Mod, with the sign of the divisor or of what is divided': {
    x: image,
    given: { nodes: [node('Mod', ['x', 'd'], ['y'], { fmod: 1 })], weights: { d: floats(0.25) } },
    same: {
      nodes: [
        node('Abs', ['x'], ['a']),
        node('Mod', ['a', 'd'], ['m']),
        node('Sign', ['x'], ['s']),
        node('Mul', ['m', 's'], ['y']),
      ],
      weights: { d: floats(0.25) },
    },
  },
  'ReduceLogSumExp over axes that are no neighbours': {
    x: image,
    given: { nodes: one('ReduceLogSumExp', { axes: [1, 3], keepdims: 0 }) },
    same: {
      nodes: [
        node('Exp', ['x'], ['e']),
        node('Transpose', ['e'], ['t'], { perm: [0, 2, 1, 3] }),
        node('Reshape', ['t', 's'], ['r']),
        node('ReduceSum', ['r', 'axes'], ['u'], { keepdims: 0 }),
        node('Log', ['u'], ['y']),
      ],
      weights: { s: ints(0, 5, 24), axes: ints(2) },
    },
  },
  'whole numbers are divided towards 0': {
    x: image,
    given: {
      nodes: [
        node('Mul', ['x', 'ten'], ['t']),
        node('Cast', ['t'], ['i'], { to: 7 }),
        node('Div', ['i', 'three'], ['q']),
        node('Cast', ['q'], ['y'], { to: 1 }),
      ],
      weights: { ten: floats(10), three: ints(3) },
    },
    same: {
      nodes: [
        node('Mul', ['x', 'ten'], ['t']),
        node('Cast', ['t'], ['i'], { to: 7 }),
        node('Cast', ['i'], ['f'], { to: 1 }),
        node('Div', ['f', 'three'], ['q']),
        node('Cast', ['q'], ['d'], { to: 6 }),
        node('Cast', ['d'], ['y'], { to: 1 }),
      ],
      weights: { ten: floats(10), three: floats(3) },
    },
  },
};

describe('laws between operators', () => {
  checkLaws(laws);

  test('the indices of MaxPool point at its maxima', () => {
    const attributes = {
      kernel_shape: [2, 3],
      strides: [2, 1],
      pads: [0, 1, 1, 1],
      dilations: [1, 2],
      ceil_mode: 1,
    };
    const parts = { nodes: [node('MaxPool', ['x'], ['y', 'i'], attributes)], outputs: ['y', 'i'] };
    const [y, places] = run(fileOf(parts), 'whole', { x: image });
    expect(places?.shape).toEqual(y?.shape);
    expect(places?.data.map((place) => image.data[place])).toEqual(y?.data);
  });
});
