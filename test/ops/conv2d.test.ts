import { type Convolution, convolution } from '../support/conv2d.js';
import { opSuite } from '../support/suite.js';

const lines: readonly Convolution[] = [
  // One of everything.
  { h: 1, w: 1, c: 1, k: [1, 1], oc: 1 },
  { h: 1, w: 1, c: 1, k: [3, 3], oc: 1, pad: [1, 1, 1, 1], bias: true },
  { h: 3, w: 3, c: 1, k: [3, 3], oc: 1 },
  // Output channels around the vectors and tiles (4, 8, 16, 32).
  { h: 5, w: 7, c: 3, k: [3, 3], oc: 3, pad: [1, 1, 1, 1] },
  { h: 5, w: 7, c: 3, k: [3, 3], oc: 5, pad: [1, 1, 1, 1], bias: true },
  { h: 6, w: 6, c: 4, k: [3, 3], oc: 7, pad: [1, 1, 1, 1], act: 'relu' },
  { h: 6, w: 6, c: 4, k: [3, 3], oc: 9, bias: true },
  { h: 6, w: 5, c: 8, k: [3, 3], oc: 15, pad: [1, 1, 1, 1] },
  { h: 6, w: 5, c: 8, k: [3, 3], oc: 16, pad: [1, 1, 1, 1], bias: true, act: 'relu' },
  { h: 6, w: 5, c: 8, k: [3, 3], oc: 17, pad: [1, 1, 1, 1] },
  { h: 4, w: 5, c: 16, k: [3, 3], oc: 31 },
  { h: 4, w: 5, c: 16, k: [3, 3], oc: 32, pad: [1, 1, 1, 1], bias: true },
  { h: 4, w: 5, c: 17, k: [3, 3], oc: 33, pad: [1, 1, 1, 1] },
  { h: 3, w: 3, c: 5, k: [3, 3], oc: 65, pad: [1, 1, 1, 1] },
  // Rows of output around the tiles (4, 6, 8, 14) and blocks.
  { h: 1, w: 5, c: 3, k: [1, 1], oc: 16 },
  { h: 1, w: 6, c: 3, k: [1, 1], oc: 16 },
  { h: 1, w: 7, c: 3, k: [1, 3], oc: 16, pad: [0, 0, 1, 1] },
  { h: 13, w: 1, c: 3, k: [1, 1], oc: 16 },
  { h: 14, w: 1, c: 3, k: [3, 1], oc: 16, pad: [1, 1, 0, 0] },
  { h: 3, w: 5, c: 3, k: [1, 1], oc: 19 },
  { h: 13, w: 17, c: 2, k: [3, 3], oc: 11 },
  { h: 29, w: 31, c: 3, k: [3, 3], oc: 6, pad: [1, 1, 1, 1], bias: true },
  // 1x1: a matrix product, with and without stride.
  { h: 7, w: 7, c: 64, k: [1, 1], oc: 48, bias: true, act: 'relu' },
  { h: 7, w: 7, c: 37, k: [1, 1], oc: 19, s: [2, 2] },
  { h: 2, w: 2, c: 600, k: [1, 1], oc: 5 },
  { h: 2, w: 3, c: 521, k: [1, 1], oc: 17, bias: true },
  // Many terms: blocks along k.
  { h: 3, w: 3, c: 128, k: [3, 3], oc: 20, pad: [1, 1, 1, 1] },
  { h: 5, w: 5, c: 61, k: [5, 5], oc: 9, bias: true },
  // Stride, also beyond the window; windows as large as the image; even and long windows.
  { h: 8, w: 8, c: 3, k: [3, 3], oc: 8, s: [2, 2], pad: [0, 1, 0, 1] },
  { h: 11, w: 9, c: 3, k: [2, 2], oc: 8, s: [3, 4] },
  { h: 10, w: 10, c: 2, k: [1, 1], oc: 4, s: [5, 7] },
  { h: 224 / 16, w: 14, c: 3, k: [7, 7], oc: 24, s: [2, 2], pad: [3, 3, 3, 3], bias: true },
  { h: 11, w: 11, c: 3, k: [11, 11], oc: 12 },
  { h: 9, w: 9, c: 2, k: [4, 6], oc: 6, pad: [1, 2, 2, 3] },
  { h: 1, w: 23, c: 4, k: [1, 9], oc: 5, pad: [0, 0, 4, 4] },
  // Asymmetric padding, padding beyond the window, an image smaller than its padding.
  { h: 5, w: 4, c: 3, k: [3, 3], oc: 8, pad: [2, 0, 0, 1] },
  { h: 2, w: 2, c: 3, k: [2, 2], oc: 8, pad: [3, 4, 5, 2] },
  { h: 1, w: 2, c: 5, k: [5, 5], oc: 7, pad: [2, 2, 2, 2], s: [1, 2] },
  // Dilation.
  { h: 9, w: 9, c: 3, k: [3, 3], oc: 8, d: [2, 2], pad: [2, 2, 2, 2] },
  { h: 12, w: 11, c: 4, k: [3, 2], oc: 5, d: [3, 5], s: [2, 1], pad: [1, 3, 2, 0], bias: true },
  // Groups: several channels each, one each, more outputs than inputs.
  { h: 5, w: 5, c: 6, k: [3, 3], oc: 4, groups: 2, pad: [1, 1, 1, 1], bias: true },
  { h: 5, w: 5, c: 32, k: [3, 3], oc: 64, groups: 4, pad: [1, 1, 1, 1], act: 'relu' },
  { h: 6, w: 5, c: 51, k: [1, 1], oc: 34, groups: 17, bias: true },
  { h: 6, w: 6, c: 9, k: [3, 3], oc: 27, groups: 9, s: [2, 2], d: [1, 2], pad: [1, 1, 2, 2] },
  { h: 4, w: 4, c: 7, k: [2, 2], oc: 7, groups: 7 },
  // Groups of 2, 4 and 8 channels that fill whole vectors, at every border.
  { h: 9, w: 11, c: 32, k: [3, 3], oc: 32, groups: 16, pad: [1, 1, 1, 1], bias: true, act: 'relu', beta: 6 },
  { h: 7, w: 15, c: 32, k: [3, 3], oc: 32, groups: 8, pad: [1, 1, 1, 1], bias: true, act: 'swish' },
  { h: 8, w: 6, c: 48, k: [3, 3], oc: 48, groups: 6, pad: [1, 1, 1, 1], bias: true, oihw: true },
  { h: 12, w: 13, c: 16, k: [3, 3], oc: 16, groups: 8, s: [2, 2], pad: [0, 1, 0, 1], oihw: true },
  { h: 9, w: 17, c: 64, k: [3, 3], oc: 64, groups: 16, s: [2, 2], pad: [1, 1, 1, 1], bias: true },
  { h: 1, w: 1, c: 32, k: [3, 3], oc: 32, groups: 4, s: [2, 2], pad: [1, 1, 1, 1], weights: 'shared' },
  { h: 5, w: 5, c: 16, k: [3, 3], oc: 16, groups: 4, pad: [3, 4, 2, 5], bias: true, weights: 'shared' },
  // Kernels [oc, c / groups, kh, kw]: 1x1, windows, rows, groups, a single channel, packed at load and in a run.
  { h: 5, w: 6, c: 37, k: [1, 1], oc: 19, oihw: true },
  { h: 4, w: 5, c: 17, k: [3, 3], oc: 33, pad: [1, 1, 1, 1], bias: true, oihw: true },
  { h: 4, w: 7, c: 35, k: [2, 3], oc: 70, d: [1, 2], oihw: true },
  { h: 14, w: 15, c: 3, k: [7, 7], oc: 24, s: [2, 2], pad: [3, 3, 3, 3], oihw: true },
  { h: 6, w: 5, c: 32, k: [3, 3], oc: 20, groups: 4, pad: [1, 1, 1, 1], bias: true, oihw: true },
  { h: 6, w: 5, c: 6, k: [5, 3], oc: 9, groups: 3, pad: [2, 2, 1, 1], weights: 'shared', oihw: true },
  { h: 11, w: 19, c: 1, k: [5, 4], oc: 6, bias: true, oihw: true },
  { h: 3, w: 3, c: 1, k: [3, 3], oc: 21, oihw: true },
  // A residual: whole and partial vectors, several chunks of K, one row, groups, rows, a single channel.
  { h: 6, w: 5, c: 8, k: [3, 3], oc: 17, pad: [1, 1, 1, 1], bias: true, residual: true, act: 'relu' },
  { h: 7, w: 7, c: 16, k: [1, 1], oc: 64, bias: true, residual: true },
  { h: 4, w: 4, c: 150, k: [3, 3], oc: 35, pad: [1, 1, 1, 1], bias: true, residual: true },
  { h: 3, w: 3, c: 1030, k: [1, 1], oc: 9, bias: true, residual: true, act: 'leakyrelu', alpha: 0.1 },
  { h: 1, w: 1, c: 20, k: [1, 1], oc: 300, bias: true, residual: true, oihw: true, act: 'swish' },
  { h: 5, w: 5, c: 6, k: [3, 3], oc: 4, groups: 2, s: [2, 2], bias: true, residual: true },
  { h: 9, w: 9, c: 3, k: [3, 3], oc: 8, pad: [1, 1, 1, 1], bias: true, residual: true },
  { h: 9, w: 21, c: 1, k: [3, 3], oc: 6, pad: [1, 1, 1, 1], bias: true, residual: true },
  // Weights that are inputs of the plan, packed at each run.
  { h: 6, w: 5, c: 8, k: [3, 3], oc: 17, pad: [1, 1, 1, 1], bias: true, weights: 'shared' },
  { h: 6, w: 5, c: 8, k: [1, 1], oc: 32, weights: 'shared' },
  { h: 6, w: 6, c: 6, k: [3, 3], oc: 4, groups: 2, bias: true, weights: 'shared' },
  // Every activation in the epilogue.
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'relu', beta: 6 },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'leakyrelu', alpha: 0.1 },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'elu', alpha: 1.5 },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'sigmoid' },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'tanh' },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'softplus' },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'hardsigmoid' },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'hardswish' },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'swish' },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'gelu' },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'gelutanh' },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'clip', alpha: -0.5, beta: 0.25 },
  { h: 5, w: 5, c: 24, k: [1, 1], oc: 40, bias: true, act: 'clip', alpha: -0.5, beta: 0.25 },
  { h: 1, w: 1, c: 24, k: [1, 1], oc: 40, bias: true, act: 'clip', alpha: -0.5, beta: 0.25 },
  { h: 4, w: 5, c: 3, k: [3, 3], oc: 17, bias: true, act: 'mish' },
];

opSuite('conv2d', lines.map(convolution));
