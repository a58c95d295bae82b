import { show } from '../../errors.js';
import { checkGraph } from '../../formats/onnx/check.js';
import type {
  ElementType,
  OnnxAttribute,
  OnnxFile,
  OnnxNode,
  OnnxPort,
  OnnxTensor,
} from '../../formats/onnx/file.js';
import type { Entry, Fail } from '../../formats/safetensors.js';
import { readNumbers } from '../../formats/safetensors-data.js';
import { storedTypes } from '../../formats/safetensors-write.js';
import type { DataType } from '../../tensor.js';
import type { Model } from '../face.js';
import type { ModelSettings } from '../options.js';
import { graphModel } from './graph-model.js';

/** Reads what `save-graph` wrote: `architecture` is untrusted JSON, `entries` are the tensors of the file. */
export function graphFrom(
  architecture: unknown,
  entries: readonly Entry[],
  data: Uint8Array,
  settings: ModelSettings,
  fail: Fail,
): Model {
  const tensors = new Map(entries.map((entry) => [entry.name, tensorOf(entry, data, fail)]));
  const file = fileOf(architecture, tensors, fail);
  checkGraph(file, fail);
  return graphModel(file, settings, 'nchw', fail);
}

function tensorOf(entry: Entry, data: Uint8Array, fail: Fail): OnnxTensor {
  const type = (Object.keys(storedTypes) as DataType[]).find((name) => storedTypes[name] === entry.dtype);
  if (!type) {
    return fail(
      `tensor ${show(entry.name)}: expected one of ${Object.values(storedTypes).join(', ')}, got ${entry.dtype}`,
    );
  }
  return { name: entry.name, type, shape: entry.shape, data: readNumbers(data, entry, type) };
}

function fileOf(json: unknown, tensors: Map<string, OnnxTensor>, fail: Fail): OnnxFile {
  const graph = reader('the graph', json, fail);
  const nodes = graph.list('nodes').map((item, i) => nodeOf(`node ${i}`, item, tensors, fail));
  return {
    irVersion: graph.natural('irVersion'),
    opset: graph.natural('opset'),
    name: graph.text('name'),
    nodes,
    inputs: graph.list('inputs').map((item, i) => portOf(`input ${i}`, item, fail)),
    outputs: graph.list('outputs').map((item, i) => portOf(`output ${i}`, item, fail)),
    // Tensors of attributes have left the map: the others are weights.
    initializers: tensors,
    metadata: new Map(graph.list('metadata').map((item, i) => textPair(`metadata ${i}`, item, fail))),
  };
}

function nodeOf(who: string, json: unknown, tensors: Map<string, OnnxTensor>, fail: Fail): OnnxNode {
  const node = reader(who, json, fail);
  const attributes = node.list('attributes').map((item): [string, OnnxAttribute] => {
    if (!Array.isArray(item) || item.length !== 2 || typeof item[0] !== 'string') {
      return fail(`${who}: expected attributes to be [name, value], got ${show(item)}`);
    }
    return [item[0], attributeOf(`${who}: attribute ${show(item[0])}`, item[1], tensors, fail)];
  });
  return {
    op: node.text('op'),
    name: node.text('name'),
    inputs: node.texts('inputs'),
    outputs: node.texts('outputs'),
    attributes: new Map(attributes),
  };
}

function attributeOf(
  who: string,
  json: unknown,
  tensors: Map<string, OnnxTensor>,
  fail: Fail,
): OnnxAttribute {
  const attribute = reader(who, json, fail);
  const kind = attribute.text('kind');
  const value = attribute.field('value');
  const each = (type: string): boolean => Array.isArray(value) && value.every((item) => typeof item === type);
  switch (kind) {
    case 'tensor': {
      const found = typeof value === 'string' ? tensors.get(value) : undefined;
      if (!found) return fail(`${who}: expected the name of a tensor, got ${show(value)}`);
      tensors.delete(found.name);
      return { kind, value: found };
    }
    case 'float':
    case 'int':
      if (typeof value === 'number') return { kind, value };
      break;
    case 'string':
    case 'other':
      if (typeof value === 'string') return { kind, value };
      break;
    case 'floats':
    case 'ints':
      if (each('number')) return { kind, value: value as number[] };
      break;
    case 'strings':
      if (each('string')) return { kind, value: value as string[] };
      break;
  }
  return fail(`${who}: expected a value of its kind, got ${show(kind)} ${show(value)}`);
}

function portOf(who: string, json: unknown, fail: Fail): OnnxPort {
  const port = reader(who, json, fail);
  const shape = port.field('shape');
  const isLength = (length: unknown) =>
    typeof length === 'string' || (Number.isSafeInteger(length) && (length as number) >= -1);
  if (shape !== undefined && !(Array.isArray(shape) && shape.every(isLength))) {
    return fail(`${who}: expected a shape of lengths and names, got ${show(shape)}`);
  }
  return {
    name: port.text('name'),
    type: port.text('type') as ElementType,
    shape: shape as OnnxPort['shape'],
  };
}

function textPair(who: string, json: unknown, fail: Fail): [string, string] {
  if (Array.isArray(json) && json.length === 2 && json.every((item) => typeof item === 'string')) {
    return json as [string, string];
  }
  return fail(`${who}: expected [name, text], got ${show(json)}`);
}

/** Own fields of a JSON object, each of the type that is asked for. */
function reader(who: string, json: unknown, fail: Fail) {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return fail(`${who}: expected an object, got ${show(json)}`);
  }
  const field = (name: string): unknown =>
    Object.hasOwn(json, name) ? (json as Record<string, unknown>)[name] : undefined;
  const list = (name: string): readonly unknown[] => {
    const value = field(name);
    return Array.isArray(value) ? value : fail(`${who}: expected ${name} to be an array, got ${show(value)}`);
  };
  const wrong = (name: string, rule: string): never =>
    fail(`${who}: expected ${name} to be ${rule}, got ${show(field(name))}`);
  return {
    field,
    list,
    text(name: string): string {
      const value = field(name);
      return typeof value === 'string' ? value : wrong(name, 'a text');
    },
    texts(name: string): readonly string[] {
      const value = list(name);
      return value.every((item) => typeof item === 'string') ? (value as string[]) : wrong(name, 'texts');
    },
    natural(name: string): number {
      const value = field(name);
      return Number.isSafeInteger(value) && (value as number) >= 0
        ? (value as number)
        : wrong(name, 'a non-negative integer');
    },
  };
}
