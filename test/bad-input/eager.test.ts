import { describe, test } from 'vitest';
import { call } from '../support/loose.js';
import { randomTensor } from '../support/nets.js';
import { refused } from '../support/refusal.js';

// Numbers in names are those of the list of bad inputs, group C: options of eager ops.

describe('C eager ops', () => {
  const image = () => randomTensor([2, 5, 6, 4]);

  test.for([
    ['40', 'conv2d', () => [image(), randomTensor([3, 3, 3, 8])], /4|3/],
    ['41', 'conv2d', () => [image(), randomTensor([3, 4, 8])], /\[3, 4, 8\]/],
    ['41', 'conv2d', () => [randomTensor([5, 6, 4]), randomTensor([3, 3, 4, 8])], /\[5, 6, 4\]/],
    ['42', 'conv2d', () => [image(), randomTensor([3, 3, 4, 8]), { bias: randomTensor([7]) }], /7/],
    ['42', 'conv2d', () => [image(), randomTensor([3, 3, 4, 8]), { bias: randomTensor([1, 8]) }], /\[1, 8\]/],
    ['34', 'conv2d', () => [image(), randomTensor([6, 3, 4, 8])], /6/],
    ['35', 'conv2d', () => [image(), randomTensor([3, 3, 4, 8]), { strides: 0 }], /strides.*0/],
    ['36', 'conv2d', () => [image(), randomTensor([3, 3, 4, 8]), { dilations: 0 }], /dilations.*0/],
    ['38', 'conv2d', () => [image(), randomTensor([3, 3, 4, 8]), { groups: 3 }], /3/],
    ['38', 'conv2d', () => [image(), randomTensor([3, 3, 1, 8]), { groups: 5 }], /5/],
    [
      '54',
      'conv2d',
      () => [image(), randomTensor([3, 3, 4, 8]), { activation: 'constructor' }],
      /constructor/,
    ],
    ['40', 'depthwiseConv2d', () => [image(), randomTensor([3, 3, 3, 2])], /3|4/],
    ['40', 'conv2dTranspose', () => [image(), randomTensor([3, 3, 4, 8])], /8|4/],
    ['33', 'maxPool2d', () => [image(), { poolSize: 0 }], /poolSize.*0/],
    ['34', 'avgPool2d', () => [image(), { poolSize: 7 }], /7/],
    ['56', 'matMul', () => [randomTensor([2, 3]), randomTensor([4, 5])], /3|4/],
    [
      '56',
      'matMul',
      () => [randomTensor([2, 3]), randomTensor([4, 3]), { transposeA: true, transposeB: true }],
      /2|3/,
    ],
    ['56', 'matMul', () => [randomTensor([3]), randomTensor([3, 2])], /\[3\]/],
    ['56', 'dense', () => [randomTensor([2, 3]), randomTensor([4, 5])], /3|4/],
    ['42', 'dense', () => [randomTensor([2, 3]), randomTensor([3, 5]), { bias: randomTensor([4]) }], /4/],
    ['52', 'add', () => [randomTensor([2, 3]), randomTensor([2, 4])], /3.*4/],
    ['52', 'add', () => [randomTensor([3, 2]), randomTensor([2, 2])], /3.*2/],
    ['47', 'concat', () => [[]], /concat/],
    ['47', 'concat', () => [[randomTensor([2, 3]), randomTensor([3, 3])], { axis: 1 }], /2|3/],
    ['47', 'concat', () => [[randomTensor([2, 3]), randomTensor([2])]], /2/],
    ['48', 'concat', () => [[randomTensor([2, 3])], { axis: 2 }], /2/],
    ['48', 'softmax', () => [randomTensor([2, 3]), { axis: 2 }], /2/],
    ['48', 'softmax', () => [randomTensor([2, 3]), { axis: -3 }], /-3/],
    ['33', 'im2col', () => [image(), { kernelSize: 0 }], /kernelSize.*0/],
    ['33', 'im2col', () => [image(), {}], /kernelSize/],
    ['options', 'relu', () => [image(), 7], /7/],
    ['options', 'relu', () => [image(), { oute: 1 }], /oute/],
  ] as const)('%s %s', ([, name, args, value]) => refused(() => call(name, ...args()), `${name}: `, value));
});
