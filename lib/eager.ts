import {
  add,
  concat,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyReLU,
  multiply,
  prelu,
  relu,
  sigmoid,
  softmax,
  softplus,
  swish,
  tanh,
} from './eager/elementwise.js';
import { batchNorm, batchNormTrain, dense, matMul } from './eager/products.js';
import {
  avgPool2d,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  globalAvgPool2d,
  globalMaxPool2d,
  im2col,
  maxPool2d,
} from './eager/windowed.js';

/** Eager ops: tensors in, a tensor out, computed on this thread (and the engine's) before they return. */
export const ops = Object.freeze({
  conv2d,
  depthwiseConv2d,
  conv2dTranspose,
  maxPool2d,
  avgPool2d,
  globalAvgPool2d,
  globalMaxPool2d,
  matMul,
  dense,
  batchNorm,
  batchNormTrain,
  relu,
  leakyReLU,
  prelu,
  elu,
  sigmoid,
  tanh,
  softmax,
  softplus,
  hardSigmoid,
  hardSwish,
  swish,
  gelu,
  add,
  multiply,
  concat,
  im2col,
});

export type { OutOption } from './eager/elementwise.js';
export type { ConvOptions, GlobalPoolOptions, PoolOptions, WindowOptions } from './eager/windowed.js';
