import type { OnnxAttribute } from './internals.js';
import { elementTypes, isDataType } from './internals.js';
import { type ConformanceCase, tensorsOf } from './onnx-cases.js';

/** Operators that neocog does not have, by the reason why. */
const outside: Readonly<Record<string, readonly string[]>> = {
  'control flow': ['If', 'Loop', 'Scan', 'SequenceMap'],
  'random numbers': ['Bernoulli', 'RandomUniformLike'],
  'recurrent network': ['GRU', 'LSTM', 'RNN'],
  'training only': [
    'NegativeLogLikelihoodLoss',
    'SoftmaxCrossEntropyLoss',
    'ai.onnx.preview.training.Gradient',
  ],
  'quantized arithmetic': [
    'ConvInteger',
    'DequantizeLinear',
    'DynamicQuantizeLinear',
    'MatMulInteger',
    'QLinearConv',
    'QLinearMatMul',
    'QuantizeLinear',
  ],
  'signal processing': ['BlackmanWindow', 'DFT', 'HammingWindow', 'HannWindow', 'MelWeightMatrix', 'STFT'],
  'outside of the list of operators': [],
};

const reasons = new Map(
  Object.entries(outside).flatMap(([reason, ops]) =>
    ops.map((op): [string, string] => [op, `${reason}: ${op}`]),
  ),
);

/** Why a case is none that neocog claims to compute; decided by its file and data alone. */
export function skipReason({ file, dataSets }: ConformanceCase): string | undefined {
  if (typeof file === 'string') {
    return file.includes("opset of ONNX's own operators") ? 'no operators of ONNX itself' : undefined;
  }
  const type = [
    ...[...file.inputs, ...file.outputs].map((port) => port.type),
    ...[...file.initializers.values()].map((tensor) => tensor.type),
    ...file.nodes.flatMap(({ attributes }) => [...attributes].flatMap(typesOf)),
  ].find((found) => !isDataType(found));
  if (type !== undefined) return `data type: ${type === 'undefined' ? 'sequence or optional' : type}`;
  for (const { op, attributes } of file.nodes) {
    const reason = reasons.get(op);
    if (reason !== undefined) return reason;
    if (attributes.get('training_mode')?.value === 1) return `training mode: ${op}`;
  }
  const tensors = dataSets.flatMap((set) => [...tensorsOf(set, 'input'), ...tensorsOf(set, 'output')]);
  if (tensors.some(({ shape }) => shape.includes(0))) return 'a tensor without elements';
  const training = file.nodes.find(({ op, inputs }) => op === 'Dropout' && inputs[2]);
  if (training && tensors.some(({ type, data }) => type === 'bool' && data?.length === 1 && data[0] === 1)) {
    return 'training mode: Dropout';
  }
  return undefined;
}

/** Data types that an attribute names or holds. */
function typesOf([name, attribute]: readonly [
  string,
  OnnxAttribute,
]): readonly (typeof elementTypes)[number][] {
  if (attribute.kind === 'tensor') return [attribute.value.type];
  if (attribute.kind === 'int' && (name === 'to' || name === 'dtype'))
    return [elementTypes[attribute.value] ?? 'undefined'];
  return [];
}
