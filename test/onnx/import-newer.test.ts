import { describe } from 'vitest';
import { node, numbers } from '../support/onnx-graph.js';
import { checkLaws, type Laws } from '../support/onnx-law.js';
import { float, floats, ints, known } from '../support/onnx-node.js';

const image = numbers(2, 4, 5, 6);

const laws: Laws = {
  'RMSNormalization from an axis on': {
    x: image,
    given: {
      nodes: [node('RMSNormalization', ['x', 's'], ['y'], { axis: -2, epsilon: float(0.5) })],
      weights: { s: numbers(5, 6) },
      opset: 23,
    },
    same: {
      nodes: [
        node('ReduceSumSquare', ['x', 'axes'], ['q']),
        node('Div', ['q', 'count'], ['m']),
        node('Add', ['m', 'half'], ['e']),
        node('Sqrt', ['e'], ['r']),
        node('Div', ['s', 'r'], ['f']),
        node('Mul', ['x', 'f'], ['y']),
      ],
      weights: { s: numbers(5, 6), axes: ints(2, 3), count: floats(30), half: floats(0.5) },
      opset: 23,
    },
  },
  'SwiGLU is Swish times the other input': {
    x: image,
    given: {
      nodes: [node('Neg', ['x'], ['n']), node('SwiGLU', ['x', 'n'], ['y'], { alpha: float(1.5) })],
      opset: 28,
    },
    same: {
      nodes: [
        node('Neg', ['x'], ['n']),
        node('Swish', ['x'], ['g'], { alpha: float(1.5) }),
        node('Mul', ['g', 'n'], ['y']),
      ],
      opset: 28,
    },
  },
  'SpaceToDepth and DepthToSpace of mode CRD': {
    x: numbers(2, 3, 4, 6),
    given: {
      nodes: [
        node('SpaceToDepth', ['x'], ['d'], { blocksize: 2, mode: 'CRD' }),
        node('DepthToSpace', ['d'], ['y'], { blocksize: 2, mode: 'CRD' }),
      ],
      opset: 28,
    },
    same: { nodes: [node('Identity', ['x'], ['y'])] },
  },
  'SpaceToDepth of mode CRD: the places of a channel are neighbours': {
    x: numbers(2, 3, 4, 6),
    given: { nodes: [node('SpaceToDepth', ['x'], ['y'], { blocksize: 2, mode: 'CRD' })], opset: 28 },
    same: {
      nodes: [
        node('SpaceToDepth', ['x'], ['d'], { blocksize: 2 }),
        node('Gather', ['d', 'order'], ['y'], { axis: 1 }),
      ],
      weights: { order: ints(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11) },
    },
  },
  'CenterCropPad cuts columns and adds rows': {
    x: image,
    given: {
      nodes: [node('CenterCropPad', ['x', 'sides'], ['y'], { axes: [3, -2] })],
      weights: { sides: ints(3, 8) },
    },
    same: {
      nodes: [node('Pad', ['x', 'pads'], ['y'])],
      weights: { pads: ints(0, 0, 1, -1, 0, 0, 2, -2) },
    },
  },
  'CastLike of a constant gives a constant, which may be a shape': {
    x: image,
    given: {
      nodes: [
        node('Shape', ['x'], ['s'], { start: 0, end: 2 }),
        node('Cast', ['x'], ['i'], { to: 7 }),
        node('CastLike', ['open', 'i'], ['o']),
        node('Concat', ['s', 'o'], ['t'], { axis: 0 }),
        node('Reshape', ['x', 't'], ['y']),
      ],
      weights: { open: floats(-1) },
    },
    same: { nodes: [node('Reshape', ['x', 't'], ['y'])], weights: { t: ints(0, 0, -1) } },
  },
  'Concat with a part that has no elements': {
    x: image,
    given: {
      nodes: [node('Relu', ['x'], ['r']), node('Concat', ['x', 'none', 'r'], ['y'], { axis: 1 })],
      weights: { none: known('float32', [2, 0, 5, 6], []) },
    },
    same: {
      nodes: [node('Relu', ['x'], ['r']), node('Concat', ['x', 'r'], ['y'], { axis: 1 })],
    },
  },
};

describe('operators of opsets 18 and later', () => checkLaws(laws));
