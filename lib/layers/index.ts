import * as activations from './activations.js';
import { batchNormalization } from './batch-normalization.js';
import { conv2d } from './conv2d.js';
import { conv2dTranspose } from './conv2d-transpose.js';
import { dense } from './dense.js';
import { depthwiseConv2d } from './depthwise-conv2d.js';
import { globalAveragePooling2d, globalMaxPooling2d } from './global-pooling2d.js';
import { add, concatenate, multiply } from './merge.js';
import { permute } from './permute.js';
import { averagePooling2d, maxPooling2d } from './pooling2d.js';
import { rescaling } from './rescaling.js';
import { dropout, flatten, reshape } from './reshape.js';
import { separableConv2d } from './separable-conv2d.js';
import { slice } from './slice.js';
import { upSampling2d } from './up-sampling2d.js';
import { zeroPadding2d } from './zero-padding2d.js';

/** All layers, under the names that files hold. */
export const layers = Object.freeze({
  conv2d,
  depthwiseConv2d,
  separableConv2d,
  conv2dTranspose,
  maxPooling2d,
  averagePooling2d,
  globalAveragePooling2d,
  globalMaxPooling2d,
  dense,
  batchNormalization,
  ...activations,
  flatten,
  reshape,
  dropout,
  zeroPadding2d,
  upSampling2d,
  permute,
  slice,
  rescaling,
  add,
  multiply,
  concatenate,
});
