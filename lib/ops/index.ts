import { averagepool2d } from './averagepool2d.js';
import { batchnorm } from './batchnorm.js';
import { batchstats } from './batchstats.js';
import { binary } from './binary.js';
import { concat } from './concat.js';
import { conv2d } from './conv2d.js';
import { convtranspose2d } from './convtranspose2d.js';
import { copy } from './copy.js';
import { depthwise2d } from './depthwise2d.js';
import { im2col } from './im2col.js';
import { lrn } from './lrn.js';
import { matmul } from './matmul.js';
import { maxpool2d } from './maxpool2d.js';
import { normalize } from './normalize.js';
import type { Op, Word } from './op.js';
import { reduce } from './reduce.js';
import { resample } from './resample.js';
import { reshape } from './reshape.js';
import { scale } from './scale.js';
import { softmax } from './softmax.js';
import { unary } from './unary.js';
import { where } from './where.js';

const computed = {
  conv2d,
  depthwise2d,
  convtranspose2d,
  matmul,
  maxpool2d,
  averagepool2d,
  reduce,
  unary,
  binary,
  scale,
  batchnorm,
  batchstats,
  softmax,
  copy,
  concat,
  im2col,
  resample,
  lrn,
  normalize,
  where,
} satisfies Record<string, Op>;

/** The ops that a plan may hold; the order is that of native/ops.h. */
export type KernelId = keyof typeof computed;
/** All words of a graph. */
export type OpId = KernelId | 'reshape';

/** What both engines compute, for nodes and steps whose op is known at run time only. */
export const ops: Readonly<Record<KernelId, Op>> = computed;

/** The shape rules of everything a graph may say: the ops, and `reshape`, which is compiled away. */
export const words: Readonly<Record<OpId, Word>> = { ...computed, reshape };

export type { Activated, Activation } from './activation.js';
export { activationFields, activations } from './activation.js';
export type { AveragePool2dAttributes } from './averagepool2d.js';
export type { BatchNormAttributes } from './batchnorm.js';
export { type Binary, type BinaryAttributes, binaries } from './binary.js';
export type { ConcatAttributes } from './concat.js';
export type { Conv2dAttributes } from './conv2d.js';
export type { ConvTranspose2dAttributes } from './convtranspose2d.js';
export type { CopyAttributes } from './copy.js';
export type { Depthwise2dAttributes } from './depthwise2d.js';
export type { Im2colAttributes } from './im2col.js';
export type { LrnAttributes } from './lrn.js';
export type { MatmulAttributes } from './matmul.js';
export type { Pool2dAttributes } from './maxpool2d.js';
export type { NormalizeAttributes } from './normalize.js';
export { type ReduceAttributes, type Reduction, reductions } from './reduce.js';
export type { ResampleAttributes } from './resample.js';
export type { ReshapeAttributes } from './reshape.js';
export type { SoftmaxAttributes } from './softmax.js';
