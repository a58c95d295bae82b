import { describe, expect, test } from 'vitest';
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
} from '../support/onnx-node.js';

describe('movement', () => {
  check([
    [
      'Reshape: 0 copies, -1 infers',
      'Reshape',
      [matrix, ints(0, -1, 1)],
      {},
      { ...matrix, shape: [2, 3, 1] },
    ],
    [
      'Reshape of nothing',
      'Reshape',
      [known('int64', [0, 3], []), ints(3, -1)],
      {},
      known('int64', [3, 0], []),
    ],
    [
      'Reshape, allowzero',
      'Reshape',
      [known('int64', [3, 0], []), ints(0, 3)],
      { allowzero: 1 },
      known('int64', [0, 3], []),
    ],
    ['Flatten', 'Flatten', [matrix], { axis: 0 }, { ...matrix, shape: [1, 6] }],
    ['Squeeze', 'Squeeze', [known('int64', [1, 2, 1], [1, 2]), ints(-1)], {}, known('int64', [1, 2], [1, 2])],
    ['Squeeze, all', 'Squeeze', [known('int64', [1, 2, 1], [1, 2])], {}, ints(1, 2), { opset: 11 }],
    ['Unsqueeze', 'Unsqueeze', [ints(1, 2), ints(0, -1)], {}, known('int64', [1, 2, 1], [1, 2])],
    ['Unsqueeze of opset 11', 'Unsqueeze', [int(1)], { axes: [0] }, ints(1), { opset: 11 }],
    ['Transpose', 'Transpose', [matrix], {}, known('int64', [3, 2], [1, 4, 2, 5, 3, 6])],
    ['Expand', 'Expand', [ints(1, 2), ints(2, 1)], {}, known('int64', [2, 2], [1, 2, 1, 2])],
    ['Tile', 'Tile', [matrix, ints(1, 2)], {}, known('int64', [2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])],
    [
      'Gather',
      'Gather',
      [matrix, known('int64', [1, 2], [-1, 0])],
      { axis: 1 },
      known('int64', [2, 1, 2], [3, 1, 6, 4]),
    ],
    ['Gather of a scalar', 'Gather', [ints(5, 6, 7), int(1)], {}, int(6)],
    ['Slice', 'Slice', [matrix, ints(-2), ints(99), ints(1)], {}, known('int64', [2, 2], [2, 3, 5, 6])],
    [
      'Slice, backwards',
      'Slice',
      [ints(1, 2, 3, 4), ints(-1), long(-(2n ** 63n)), ints(0), ints(-2)],
      {},
      ints(4, 2),
    ],
    ['Slice of opset 1', 'Slice', [ints(1, 2, 3)], { starts: [1], ends: [3] }, ints(2, 3), { opset: 9 }],
    ['Slice, empty', 'Slice', [ints(1, 2, 3), ints(2), ints(1)], {}, ints()],
    ['Split, equal', 'Split', [ints(1, 2, 3, 4)], {}, [ints(1, 2), ints(3, 4)], { outputs: 2 }],
    [
      'Split, uneven',
      'Split',
      [ints(1, 2, 3, 4, 5)],
      { num_outputs: 3 },
      [ints(1, 2), ints(3, 4), ints(5)],
      { outputs: 3 },
    ],
    ['Split by numbers', 'Split', [ints(1, 2, 3), ints(1, 2)], {}, [ints(1), ints(2, 3)], { outputs: 2 }],
    [
      'Concat',
      'Concat',
      [matrix, known('int64', [2, 1], [7, 8])],
      { axis: -1 },
      known('int64', [2, 4], [1, 2, 3, 7, 4, 5, 6, 8]),
    ],
    ['Pad', 'Pad', [ints(1, 2), ints(1, -1), int(9)], {}, ints(9, 1)],
    [
      'Pad, reflecting twice',
      'Pad',
      [ints(1, 2, 3), ints(4, 3)],
      { mode: 'reflect' },
      ints(1, 2, 3, 2, 1, 2, 3, 2, 1, 2),
    ],
    [
      'Pad, edge, one axis',
      'Pad',
      [matrix, ints(0, 1), undefined, ints(1)],
      { mode: 'edge' },
      known('int64', [2, 4], [1, 2, 3, 3, 4, 5, 6, 6]),
    ],
    ['Pad, wrap', 'Pad', [ints(1, 2), ints(1, 2)], { mode: 'wrap' }, ints(2, 1, 2, 1, 2)],
    [
      'GatherElements',
      'GatherElements',
      [matrix, known('int64', [2, 1], [2, -3])],
      { axis: 1 },
      known('int64', [2, 1], [3, 4]),
    ],
    ['GatherND', 'GatherND', [matrix, known('int64', [2, 2], [0, 0, 1, 2])], {}, ints(1, 6)],
    [
      'GatherND, shared axis',
      'GatherND',
      [matrix, known('int64', [2, 1], [2, 0])],
      { batch_dims: 1 },
      ints(3, 4),
    ],
    ['ScatterElements', 'ScatterElements', [ints(1, 2, 3), ints(-1, 0), ints(7, 8)], {}, ints(8, 2, 7)],
    [
      'ScatterElements, adding',
      'ScatterElements',
      [ints(1, 2), ints(1, 1), ints(7, 8)],
      { reduction: 'add' },
      ints(1, 17),
    ],
    [
      'ScatterND',
      'ScatterND',
      [matrix, known('int64', [1, 1], [1]), known('int64', [1, 3], [7, 8, 9])],
      {},
      known('int64', [2, 3], [1, 2, 3, 7, 8, 9]),
    ],
    [
      'DepthToSpace',
      'DepthToSpace',
      [known('int64', [1, 4, 1, 1], [1, 2, 3, 4])],
      { blocksize: 2 },
      known('int64', [1, 1, 2, 2], [1, 2, 3, 4]),
    ],
    [
      'SpaceToDepth',
      'SpaceToDepth',
      [known('int64', [1, 1, 2, 2], [1, 2, 3, 4])],
      { blocksize: 2 },
      known('int64', [1, 4, 1, 1], [1, 2, 3, 4]),
    ],
    [
      'SpaceToDepth, CRD: the channel outside of the places',
      'SpaceToDepth',
      [known('int64', [1, 2, 1, 2], [1, 2, 3, 4])],
      { blocksize: 1, mode: 'CRD' },
      known('int64', [1, 2, 1, 2], [1, 2, 3, 4]),
    ],
    [
      'SpaceToDepth, DCR against CRD',
      'SpaceToDepth',
      [known('int64', [1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])],
      { blocksize: 2, mode: 'CRD' },
      known('int64', [1, 8, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
    [
      'CenterCropPad: the larger half behind',
      'CenterCropPad',
      [matrix, ints(3, 2)],
      {},
      known('int64', [3, 2], [1, 2, 4, 5, 0, 0]),
    ],
    [
      'CenterCropPad of one axis',
      'CenterCropPad',
      [matrix, ints(6)],
      { axes: [-1] },
      known('int64', [2, 6], [0, 1, 2, 3, 0, 0, 0, 4, 5, 6, 0, 0]),
    ],
  ]);

  test('errors', () => {
    expect(() => evaluate('Reshape', [matrix, ints(4, -1)])).toThrow(
      'expected a shape of 6 elements, got [4, -1]',
    );
    expect(() => evaluate('Gather', [ints(1), int(1)])).toThrow('expected indices between -1 and 0, got 1');
    expect(() => evaluate('Concat', [matrix, ints(1)], { axis: 0 })).toThrow(
      'expected inputs that differ in axis 0 only',
    );
    expect(() => evaluate('Transpose', [matrix], { perm: [0, 0] })).toThrow('expected axes that differ');
    expect(() => evaluate('Pad', [matrix, ints(0, 0, 0)])).toThrow('expected 4 pads, got 3');
    expect(() => evaluate('CenterCropPad', [matrix, ints(1)])).toThrow('expected 2 lengths, got 1');
    expect(() => evaluate('CenterCropPad', [matrix, ints(1, -1)])).toThrow('expected lengths of at least 0');
    const twice = ints(0, 0);
    expect(() => evaluate('Slice', [matrix, twice, twice, twice])).toThrow('expected axes that differ');
    expect(() => evaluate('GatherND', [matrix, matrix], { batch_dims: -1 })).toThrow('expected indices into');
  });
});

describe('reductions and searches', () => {
  check([
    ['ReduceSum', 'ReduceSum', [matrix, ints(1)], { keepdims: 0 }, ints(6, 15)],
    ['ReduceSum, nothing to do', 'ReduceSum', [matrix], { noop_with_empty_axes: 1 }, matrix],
    ['ReduceProd', 'ReduceProd', [ints(2, 3, 4)], { keepdims: 0 }, int(24)],
    ['ReduceMean of integers', 'ReduceMean', [int32(1, 2, 4)], { keepdims: 0 }, known('int32', [], [2])],
    ['ReduceMax', 'ReduceMax', [matrix], { axes: [0] }, known('int64', [1, 3], [4, 5, 6])],
    ['ReduceMin of float64', 'ReduceMin', [doubles(2, 1)], {}, doubles(1)],
    ['ReduceLogSum of integers', 'ReduceLogSum', [ints(0)], { keepdims: 0 }, int(Number(-(2n ** 63n)))],
    ['ReduceL1', 'ReduceL1', [floats(-1, 2)], {}, floats(3)],
    ['ReduceL2', 'ReduceL2', [floats(3, -4)], {}, floats(5)],
    ['ReduceSumSquare', 'ReduceSumSquare', [ints(3, -4)], {}, ints(25)],
    ['ReduceLogSumExp', 'ReduceLogSumExp', [doubles(1000, 1000)], {}, doubles(1000 + Math.LN2)],
    ['ArgMax, first', 'ArgMax', [ints(1, 3, 3)], {}, ints(1)],
    ['ArgMin, last', 'ArgMin', [ints(1, 3, 1)], { keepdims: 0, select_last_index: 1 }, int(2)],
    ['CumSum', 'CumSum', [matrix, int(1)], {}, known('int64', [2, 3], [1, 3, 6, 4, 9, 15])],
    ['CumProd', 'CumProd', [matrix, int(-1)], {}, known('int64', [2, 3], [1, 2, 6, 4, 20, 120])],
    ['CumProd, both', 'CumProd', [floats(2, 3, 4), int(0)], { exclusive: 1, reverse: 1 }, floats(12, 4, 1)],
    ['CumProd wraps', 'CumProd', [long(2n ** 40n, 2n ** 24n, 3n), int(0)], {}, long(2n ** 40n, 0n, 0n)],
    ['CumSum, both', 'CumSum', [ints(1, 2, 3), int(0)], { exclusive: 1, reverse: 1 }, ints(5, 3, 0)],
    [
      'NonZero',
      'NonZero',
      [known('bool', [2, 2], [1, 0, 1, 1])],
      {},
      known('int64', [2, 3], [0, 1, 1, 0, 0, 1]),
    ],
    ['Compress', 'Compress', [matrix, bool(0, 1)], { axis: 1 }, known('int64', [2, 1], [2, 5])],
    [
      'OneHot',
      'OneHot',
      [ints(1, -1, 9), int(2), ints(0, 5)],
      {},
      known('int64', [3, 2], [0, 5, 0, 5, 0, 0]),
    ],
    [
      'OneHot in front',
      'OneHot',
      [ints(1, 0), int(2), ints(0, 5)],
      { axis: 0 },
      known('int64', [2, 2], [0, 5, 5, 0]),
    ],
    ['Trilu', 'Trilu', [matrix, int(1)], {}, known('int64', [2, 3], [0, 2, 3, 0, 0, 6])],
    ['TopK', 'TopK', [ints(3, 9, 3, 5), ints(3)], {}, [ints(9, 5, 3), ints(1, 3, 0)]],
    [
      'TopK, smallest',
      'TopK',
      [matrix, ints(1)],
      { axis: 0, largest: 0 },
      [known('int64', [1, 3], [1, 2, 3]), known('int64', [1, 3], [0, 0, 0])],
    ],
    [
      'Unique',
      'Unique',
      [ints(2, 1, 1, 3)],
      {},
      [ints(1, 2, 3), ints(1, 0, 3), ints(1, 0, 0, 2), ints(2, 1, 1)],
    ],
    [
      'Unique, as found',
      'Unique',
      [ints(2, 1, 1, 3)],
      { sorted: 0 },
      [ints(2, 1, 3), ints(0, 1, 3), ints(0, 1, 1, 2), ints(1, 2, 1)],
    ],
    [
      'Unique columns',
      'Unique',
      [known('int64', [2, 3], [1, 0, 1, 2, 0, 2])],
      { axis: 1 },
      known('int64', [2, 2], [0, 1, 0, 2]),
    ],
  ]);
});

test('searches that find too much', () => {
  const nothing = known('int64', [0], []);
  expect(() => evaluate('Compress', [nothing, bool(1)])).toThrow(
    'expected conditions below index 0 to hold, got 0',
  );
  expect(() => evaluate('TopK', [matrix, ints(4)])).toThrow('expected k between 0 and 3, got 4');
  expect(() => evaluate('TopK', [matrix, floats(1)])).toThrow('expected integers, got float32');
});

describe('products and rows', () => {
  check([
    ['MatMul', 'MatMul', [matrix, known('int64', [3, 1], [1, 0, 2])], {}, known('int64', [2, 1], [7, 16])],
    ['MatMul of vectors', 'MatMul', [ints(1, 2), ints(3, 4)], {}, int(11)],
    [
      'MatMul, stacked',
      'MatMul',
      [known('int32', [2, 1, 1], [2, 3]), known('int32', [1, 1], [5])],
      {},
      known('int32', [2, 1, 1], [10, 15]),
    ],
    [
      'Gemm',
      'Gemm',
      [matrix, known('int64', [1, 3], [1, 1, 1]), ints(10)],
      { transB: 1, alpha: float(2) },
      known('int64', [2, 1], [22, 40]),
    ],
    ['Softmax', 'Softmax', [doubles(1000, 1000)], {}, doubles(0.5, 0.5)],
    [
      'Softmax before opset 13',
      'Softmax',
      [known('float64', [1, 2, 2], [0, 0, 0, 0])],
      {},
      known('float64', [1, 2, 2], [0.25, 0.25, 0.25, 0.25]),
      { opset: 11 },
    ],
    ['LogSoftmax', 'LogSoftmax', [doubles(0, 0)], {}, doubles(-Math.LN2, -Math.LN2)],
    ['Hardmax', 'Hardmax', [floats(1, 3, 3)], {}, floats(0, 1, 0)],
  ]);
});
