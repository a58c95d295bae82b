import type { OnnxAttribute, OnnxNode } from './internals.js';
import { elementTypes, isDataType } from './internals.js';
import { type ConformanceCase, tensorsOf } from './onnx-cases.js';

/** Operators that neocog does not have, by the reason why. */
const outside: Readonly<Record<string, readonly string[]>> = {
  attention: [
    'Attention',
    'CausalConvWithState',
    'LinearAttention',
    'RotaryEmbedding',
    'TensorScatter',
    'ai.onnx.preview.FlexAttention',
  ],
  'control flow': ['If', 'Loop', 'Scan', 'SequenceMap'],
  'detection and sampling': [
    'AffineGrid',
    'Col2Im',
    'DeformConv',
    'GridSample',
    'MaxUnpool',
    'NonMaxSuppression',
    'RoiAlign',
  ],
  'files of pictures': ['ImageDecoder'],
  'linear algebra': ['Det', 'Einsum'],
  'optional values': ['OptionalGetElement', 'OptionalHasElement'],
  'quantized arithmetic': [
    'ConvInteger',
    'DequantizeLinear',
    'DynamicQuantizeLinear',
    'MatMulInteger',
    'QLinearConv',
    'QLinearMatMul',
    'QuantizeLinear',
  ],
  'random numbers': ['Bernoulli', 'RandomUniformLike'],
  'recurrent networks': ['GRU', 'LSTM', 'RNN', 'ReverseSequence'],
  sequences: ['SequenceConstruct', 'SequenceEmpty', 'SplitToSequence'],
  'signal processing': ['BlackmanWindow', 'DFT', 'HammingWindow', 'HannWindow', 'MelWeightMatrix', 'STFT'],
  text: ['TfIdfVectorizer'],
  training: ['NegativeLogLikelihoodLoss', 'SoftmaxCrossEntropyLoss', 'ai.onnx.preview.training.Gradient'],
};

const reasons = new Map(
  Object.entries(outside).flatMap(([reason, ops]) =>
    ops.map((op): [string, string] => [op, `${reason}: ${op}`]),
  ),
);

/** Why a case is none that neocog claims to compute; decided by its file and data alone. */
export function skipReason(item: ConformanceCase): string | undefined {
  const { file, dataSets } = item;
  if (typeof file === 'string') {
    return file.includes("opset of ONNX's own operators") ? 'no operators of ONNX itself' : undefined;
  }
  const type = [
    ...[...file.inputs, ...file.outputs].map((port) => port.type),
    ...[...file.initializers.values()].map((tensor) => tensor.type),
    ...file.nodes.flatMap(({ attributes }) => [...attributes].flatMap(typesOf)),
  ].find((found) => !isDataType(found));
  if (type !== undefined) return `data type: ${type === 'undefined' ? 'sequence or optional' : type}`;
  const op = file.nodes.find((node) => reasons.has(node.op))?.op;
  if (op !== undefined) return reasons.get(op);
  const given = dataSets.flatMap((set) => tensorsOf(set, 'input'));
  if (given.some(({ shape }) => shape.includes(0))) return 'an input without elements';
  return file.nodes.some((node) => trains(node, item)) ? 'training: Dropout' : undefined;
}

/** Dropout that drops: its ratio and its mode come with the data. */
function trains({ op, inputs: names }: OnnxNode, { file, dataSets }: ConformanceCase): boolean {
  if (op !== 'Dropout' || typeof file === 'string') return false;
  const given = dataSets.flatMap((set) => tensorsOf(set, 'input'));
  const numberOf = (name: string | undefined): number | undefined => {
    const tensor = given[file.inputs.findIndex((port) => port.name === name)];
    return tensor && Number(tensor.data?.[0]);
  };
  return numberOf(names[2]) === 1 && numberOf(names[1]) !== 0;
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
