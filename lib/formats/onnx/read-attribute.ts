import { show } from '../../errors.js';
import type { Fail } from '../safetensors.js';
import type { ReadContext } from './context.js';
import type { OnnxTensor } from './file.js';
import type { RawAttribute, RawGraph } from './raw.js';
import { readTensorMessage } from './read-tensor.js';
import { toNumber, type WireReader, within } from './wire.js';

/** AttributeProto.AttributeType by its number, each with the field that holds its value. Source: onnx.proto */
const kinds = [
  { name: 'undefined', field: 0 },
  { name: 'float', field: 2 },
  { name: 'int', field: 3 },
  { name: 'string', field: 4 },
  { name: 'tensor', field: 5 },
  { name: 'graph', field: 6 },
  { name: 'floats', field: 7 },
  { name: 'ints', field: 8 },
  { name: 'strings', field: 9 },
  { name: 'tensors', field: 10 },
  { name: 'graphs', field: 11 },
  { name: 'sparse_tensor', field: 22 },
  { name: 'sparse_tensors', field: 23 },
  { name: 'type_proto', field: 14 },
  { name: 'type_protos', field: 15 },
] as const;
const valueFields: ReadonlySet<number> = new Set(kinds.map(({ field }) => field));

/** About what an attribute and an item of a list take in memory. */
const attributeBytes = 64;
const numberBytes = 8;
const textBytes = 32;

/** An AttributeProto before its kind is known. */
interface Parts {
  name: string;
  type: number;
  float: number;
  int: number;
  text: string;
  tensor: OnnxTensor | undefined;
  graph: RawGraph | undefined;
  /** The name of an attribute of the function around. */
  reference: string;
  readonly floats: number[];
  readonly ints: number[];
  readonly texts: string[];
  /** Fields of values that are there. */
  readonly found: Set<number>;
}

/** Reads a GraphProto: given, because graphs have nodes, and these have attributes. */
export type GraphReader = (wire: WireReader, context: ReadContext, fail: Fail) => RawGraph;

export function readAttribute(
  wire: WireReader,
  context: ReadContext,
  outer: Fail,
  readGraph: GraphReader,
): [string, RawAttribute] {
  context.take(attributeBytes, outer);
  const parts = readParts(wire, context, within(outer, 'attribute'), readGraph);
  const { name, found } = parts;
  const fail = within(outer, 'attribute', name);
  if (name === '') fail('expected a name');
  if (parts.reference !== '') return [name, { kind: 'reference', value: parts.reference }];
  const [first] = found;
  // Files of before 2017 give no type: it is that of the one value that is there.
  const kind = parts.type === 0 ? kinds.find(({ field }) => field === first) : kinds[parts.type];
  if (!kind) return fail(`expected a type and a value, got type ${parts.type}`);
  for (const field of found) {
    if (field !== kind.field) fail(`expected the value of ${show(kind.name)} alone, got field ${field} too`);
  }
  return [name, attributeOf(kind.name, parts, fail)];
}

function attributeOf(kind: (typeof kinds)[number]['name'], parts: Parts, fail: Fail): RawAttribute {
  if (kind === 'float') return { kind, value: parts.float };
  if (kind === 'int') return { kind, value: parts.int };
  if (kind === 'string') return { kind, value: parts.text };
  if (kind === 'floats') return { kind, value: parts.floats };
  if (kind === 'ints') return { kind, value: parts.ints };
  if (kind === 'strings') return { kind, value: parts.texts };
  if (kind === 'tensor') return { kind, value: parts.tensor ?? fail('expected a tensor, got none') };
  if (kind === 'graph') return { kind, value: parts.graph ?? fail('expected a graph, got none') };
  return { kind: 'other', value: kind };
}

function readParts(wire: WireReader, context: ReadContext, fail: Fail, readGraph: GraphReader): Parts {
  const parts: Parts = {
    name: '',
    type: 0,
    float: 0,
    int: 0,
    text: '',
    tensor: undefined,
    graph: undefined,
    reference: '',
    floats: [],
    ints: [],
    texts: [],
    found: new Set(),
  };
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (valueFields.has(field)) parts.found.add(field);
    if (field === 1) parts.name = wire.text('a name');
    else if (field === 2) parts.float = wire.float();
    else if (field === 3) parts.int = wire.int();
    else if (field === 4) parts.text = wire.text('a text');
    else if (field === 5) {
      if (parts.tensor) fail('expected one tensor, got two');
      parts.tensor = readTensorMessage(wire.message(fail), 'tensor', context, fail);
    } else if (field === 6) {
      if (parts.graph) fail('expected one graph, got two');
      parts.graph = readGraph(wire.message(fail), context, fail);
    } else if (field === 7) {
      wire.eachFloat((value) => {
        context.take(numberBytes, fail);
        parts.floats.push(value);
      });
    } else if (field === 8) {
      wire.eachInt((low, high) => {
        context.take(numberBytes, fail);
        parts.ints.push(toNumber(low, high));
      });
    } else if (field === 9) {
      context.take(textBytes, fail);
      parts.texts.push(wire.text('a text'));
    } else if (field === 20) parts.type = wire.int();
    else if (field === 21) parts.reference = wire.text('the name of an attribute');
    else wire.skip();
  }
  return parts;
}
