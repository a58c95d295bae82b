import { ModelFileError, show } from '../../errors.js';
import { littleEndianBytes } from '../safetensors-write.js';
import { elementTypes } from './element-types.js';
import type { OnnxAttribute, OnnxFile, OnnxNode, OnnxPort, OnnxTensor } from './file.js';
import { bytesField, floatField, intField, join, messageField, type Parts, textField } from './wire-write.js';

/** Of ONNX 1.10 (2021): all that we write is in it, and older readers still know it. */
const irVersion = 8;
const producer = 'neocog';
/** Numbers of AttributeProto.AttributeType. Source: onnx.proto */
const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

/**
 * The bytes of an ONNX file; the same file gives the same bytes. Operators of other domains are written with version 1
 * of these. Throws a ModelFileError for what cannot be written: attributes that were not read (subgraphs), tensors
 * without numbers.
 */
export function writeOnnx(file: OnnxFile): Uint8Array {
  const domains = new Set(file.nodes.map(({ op }) => domainOf(op)));
  domains.delete('');
  return join(
    [
      intField(1, irVersion),
      textField(2, producer),
      messageField(7, [
        ...file.nodes.map((node) => messageField(1, nodeParts(node))),
        textField(2, file.name),
        ...[...file.initializers].map(([name, tensor]) => messageField(5, tensorParts(tensor, name))),
        ...file.inputs.map((port) => messageField(11, portParts(port))),
        ...file.outputs.map((port) => messageField(12, portParts(port))),
      ]),
      opsetParts('', file.opset),
      ...[...domains].map((domain) => opsetParts(domain, 1)),
      ...[...file.metadata].map(([key, value]) => messageField(14, [textField(1, key), textField(2, value)])),
    ].flat(),
  );
}

function opsetParts(domain: string, version: number): Parts {
  return messageField(8, [textField(1, domain), intField(2, version)]);
}

/** `com.microsoft` of `com.microsoft.FusedConv`. */
function domainOf(op: string): string {
  return op.slice(0, Math.max(0, op.lastIndexOf('.')));
}

function nodeParts({ op, name, inputs, outputs, attributes }: OnnxNode): Parts[] {
  const domain = domainOf(op);
  return [
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    textField(3, name),
    textField(4, domain === '' ? op : op.slice(domain.length + 1)),
    ...[...attributes].map(([key, attribute]) =>
      messageField(5, attributeParts(key, attribute, `node ${show(name)}`)),
    ),
    ...(domain === '' ? [] : [textField(7, domain)]),
  ];
}

function attributeParts(name: string, attribute: OnnxAttribute, who: string): Parts[] {
  const { kind, value } = attribute;
  if (kind === 'other') {
    throw new ModelFileError(`${who}: attribute ${show(name)} (${value}) cannot be written`);
  }
  return [textField(1, name), ...valueParts(attribute), intField(20, attributeTypes[kind])];
}

function valueParts(attribute: Exclude<OnnxAttribute, { readonly kind: 'other' }>): Parts[] {
  switch (attribute.kind) {
    case 'float':
      return [floatField(2, attribute.value)];
    case 'int':
      return [intField(3, attribute.value)];
    case 'string':
      return [textField(4, attribute.value)];
    case 'tensor':
      return [messageField(5, tensorParts(attribute.value, attribute.value.name))];
    case 'floats':
      return attribute.value.map((item) => floatField(7, item));
    case 'ints':
      return attribute.value.map((item) => intField(8, item));
    case 'strings':
      return attribute.value.map((item) => textField(9, item));
  }
}

function tensorParts({ type, shape, data }: OnnxTensor, name: string): Parts[] {
  if (!data) throw new ModelFileError(`tensor ${show(name)}: ${type} cannot be written`);
  return [
    ...shape.map((length) => intField(1, length)),
    intField(2, elementTypes.indexOf(type)),
    textField(8, name),
    bytesField(9, littleEndianBytes(data)),
  ];
}

function portParts({ name, type, shape }: OnnxPort): Parts[] {
  const element = intField(1, elementTypes.indexOf(type));
  const lengths = shape?.map((length) => messageField(1, lengthParts(length)));
  const tensor = messageField(1, [element, ...(lengths ? [messageField(2, lengths)] : [])]);
  return [textField(1, name), messageField(2, [tensor])];
}

function lengthParts(length: number | string): Parts[] {
  if (typeof length === 'string') return [textField(2, length)];
  return length < 0 ? [] : [intField(1, length)];
}
