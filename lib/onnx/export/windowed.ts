import { span, type Window } from '../../geometry.js';
import type {
  AveragePool2dAttributes,
  Conv2dAttributes,
  ConvTranspose2dAttributes,
  Pool2dAttributes,
} from '../../ops/index.js';
import { finish } from './activation.js';
import type { Given } from './draft.js';
import type { ExportScope } from './scope.js';

/** ONNX lists what lies before on all axes, then what lies after. */
function windowAttributes({ strides, padding, dilations }: Window, kernel: readonly number[]): Given {
  const [top, bottom, left, right] = padding;
  return { kernel_shape: kernel, strides, pads: [top, left, bottom, right], dilations };
}

/** The kernel in ONNX's form, the bias where there is one, and the activation. */
function convolution(scope: ExportScope, op: string, kernel: string, attributes: Given): void {
  const bias = scope.node.inputs.length > 2 ? [scope.weight(2)] : [];
  finish(scope, 'first', scope.emit(op, [scope.read(0, 'first'), kernel, ...bias], attributes));
}

/** Kernel [kh, kw, c / groups, oc] -> [oc, c / groups, kh, kw]. */
export function conv2d(scope: ExportScope): void {
  const attributes = scope.node.attributes as unknown as Conv2dAttributes;
  const kernel = scope.weight(1, { axes: [3, 2, 0, 1] });
  convolution(scope, 'Conv', kernel, {
    ...windowAttributes(attributes, scope.input(1).shape.slice(0, 2)),
    group: attributes.groups ?? 1,
  });
}

/** Kernel [kh, kw, c, multiplier] -> [c multiplier, 1, kh, kw]: one group for each channel. */
export function depthwise2d(scope: ExportScope): void {
  const [kh = 1, kw = 1, channels = 1, multiplier = 1] = scope.input(1).shape;
  const shape = [channels * multiplier, 1, kh, kw];
  convolution(scope, 'Conv', scope.weight(1, { axes: [2, 3, 0, 1], shape }), {
    ...windowAttributes(scope.node.attributes as unknown as Window, [kh, kw]),
    group: channels,
  });
}

/** Kernel [kh, kw, oc, c] -> [c, oc, kh, kw]. */
export function convtranspose2d(scope: ExportScope): void {
  const attributes = scope.node.attributes as unknown as ConvTranspose2dAttributes;
  convolution(scope, 'ConvTranspose', scope.weight(1, { axes: [3, 2, 0, 1] }), {
    ...windowAttributes(attributes, scope.input(1).shape.slice(0, 2)),
    output_padding: attributes.outputPadding,
  });
}

/**
 * Cells of the last windows beyond the padding, [bottom, right]; `ceilMode` may put them there. They are written as
 * padding, for runtimes differ in what they make of ceil_mode.
 */
function beyond(scope: ExportScope, { poolSize, strides, padding, dilations }: Pool2dAttributes) {
  const [top, bottom, left, right] = padding;
  const reach = (axis: 0 | 1, around: number) => {
    const places = scope.output.shape[axis] as number;
    const end = (places - 1) * strides[axis] + span(poolSize[axis], dilations[axis]);
    return Math.max(end - (scope.input(0).shape[axis] as number) - around, 0);
  };
  return [reach(0, top + bottom), reach(1, left + right)] as const;
}

export function maxpool2d(scope: ExportScope): void {
  const pool = scope.node.attributes as unknown as Pool2dAttributes;
  const [top, bottom, left, right] = pool.padding;
  const [below, beside] = beyond(scope, pool);
  const padding = [top, bottom + below, left, right + beside] as const;
  const attributes = windowAttributes({ ...pool, padding }, pool.poolSize);
  scope.give('first', scope.emit('MaxPool', [scope.read(0, 'first')], attributes));
}

/** Padding counts where `includePadding` says so, cells beyond it never: where there are both, the padding is a node. */
export function averagepool2d(scope: ExportScope): void {
  const pool = scope.node.attributes as unknown as AveragePool2dAttributes;
  const [top, bottom, left, right] = pool.padding;
  if (pool.dilations.some((step) => step !== 1)) {
    scope.fail('expected no dilations, which AveragePool of opset 17 does not have');
  }
  const [below, beside] = beyond(scope, pool);
  const apart = pool.includePadding === true && below + beside > 0;
  const x = scope.read(0, 'first');
  const padded = apart
    ? scope.emit('Pad', [x, scope.wholes([0, 0, top, left, 0, 0, bottom, right])], { mode: 'constant' })
    : x;
  const average = scope.emit('AveragePool', [padded], {
    kernel_shape: pool.poolSize,
    strides: pool.strides,
    pads: apart ? [0, 0, below, beside] : [top, left, bottom + below, right + beside],
    count_include_pad: pool.includePadding === true && !apart ? 1 : 0,
  });
  scope.give('first', average);
}
