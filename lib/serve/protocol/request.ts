import type { IncomingHttpHeaders } from 'node:http';
import { show } from '../../errors.js';
import { anyTensor, type DataType, sizeOf, type Tensor } from '../../tensor.js';
import { Refusal, refuse } from '../refusal.js';
import { binaryTensor, headerLength, jsonLength, type Tail, tailOf } from './binary.js';
import { readData } from './data.js';
import { datatypeNames } from './datatypes.js';
import { checkedShape, type Edge, type Edges, sampleShape } from './edges.js';
import { type Fields, fieldsOf } from './fields.js';
import { parseJson } from './json.js';

/** An inference request as read and checked. */
export interface InferenceRequest {
  readonly id: string | undefined;
  readonly inputs: Readonly<Record<string, Tensor<DataType>>>;
  /** What is asked for, in its order. */
  readonly outputs: readonly { readonly edge: Edge; readonly binary: boolean }[];
  /** How long the sender waits; undefined where the request does not say. */
  readonly timeoutMs: number | undefined;
}

/** Reads the body of an inference request. Throws a Refusal (400, 415) or a ShapeError. */
export function readRequest(edges: Edges, headers: IncomingHttpHeaders, body: Uint8Array): InferenceRequest {
  checkContentType(headers['content-type']);
  const length = jsonLength(headers[headerLength], body.length);
  if (length === 0) return rawRequest(edges, body);
  const tail = tailOf(body.subarray(length ?? body.length));
  const request = fieldsOf('the request', parseJson(body.subarray(0, length)));
  const parameters = request.object('parameters');
  const inputs = readInputs(edges.inputs, request, tail);
  tail.end();
  return {
    id: request.text('id'),
    inputs,
    outputs: readOutputs(edges.outputs, request, parameters.flag('binary_data_output') ?? false),
    timeoutMs: readSchedule(parameters),
  };
}

function checkContentType(header: string | undefined): void {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === undefined || type === 'application/json' || type === 'application/octet-stream') return;
  throw new Refusal(
    415,
    `expected the content type application/json, or application/octet-stream for binary data, got ${show(type)}`,
  );
}

/** Without JSON the body is one sample for the only input, and the answer is binary as well. */
function rawRequest({ inputs, outputs }: Edges, body: Uint8Array): InferenceRequest {
  const [edge] = inputs;
  if (!edge || inputs.length > 1) {
    return refuse(`expected a JSON header, since the inputs are ${named(inputs)}, got raw bytes`);
  }
  const who = `input ${show(edge.name)}`;
  const x = binaryTensor(who, edge, sampleShape(who, edge, body.length), body);
  return {
    id: undefined,
    inputs: { [edge.name]: x },
    outputs: outputs.map((output) => ({ edge: output, binary: true })),
    timeoutMs: undefined,
  };
}

function readInputs(edges: readonly Edge[], request: Fields, tail: Tail): InferenceRequest['inputs'] {
  const found = new Map<string, Tensor<DataType>>();
  for (const [i, item] of (request.list('inputs') ?? []).entries()) {
    const input = fieldsOf(`inputs[${i}]`, item);
    const edge = find(input, edges, 'inputs');
    if (found.has(edge.name)) refuse(`inputs[${i}]: expected every input once, got ${show(edge.name)} again`);
    found.set(edge.name, readInput(`input ${show(edge.name)}`, edge, input, tail));
  }
  const missing = edges.find(({ name }) => !found.has(name));
  if (missing)
    refuse(`the request: expected the inputs ${named(edges)}, got none named ${show(missing.name)}`);
  return Object.fromEntries(found);
}

function readInput(who: string, edge: Edge, input: Fields, tail: Tail): Tensor<DataType> {
  const { datatype, dtype } = edge;
  const given = input.get('datatype');
  if (given !== datatype.name) {
    const names = datatypeNames.split(', ').includes(String(given)) ? '' : `; known are ${datatypeNames}`;
    refuse(`${who}: expected the datatype ${datatype.name}, got ${show(given)}${names}`);
  }
  const shape = checkedShape(who, edge, input.get('shape'));
  const data = input.get('data');
  const size = fieldsOf(`${who}: parameters`, input.get('parameters') ?? {}).natural('binary_data_size');
  if (size === undefined) {
    if (data === undefined)
      return refuse(`${who}: expected data, or a binary_data_size among the parameters`);
    return anyTensor(shape, dtype, readData(who, datatype, shape, data) as never);
  }
  if (data !== undefined) return refuse(`${who}: expected either data or a binary_data_size, got both`);
  const wanted = sizeOf(shape) * datatype.bytes;
  if (size !== wanted) {
    return refuse(
      `${who}: expected a binary_data_size of ${wanted} for ${show(shape)} ${datatype.name}, got ${size}`,
    );
  }
  return binaryTensor(who, edge, shape, tail.take(who, size));
}

function readOutputs(
  edges: readonly Edge[],
  request: Fields,
  binaryByDefault: boolean,
): InferenceRequest['outputs'] {
  const asked = request.list('outputs') ?? [];
  if (asked.length === 0) return edges.map((edge) => ({ edge, binary: binaryByDefault }));
  const found = new Set<Edge>();
  return asked.map((item, i) => {
    const output = fieldsOf(`outputs[${i}]`, item);
    const edge = find(output, edges, 'outputs');
    if (found.has(edge)) refuse(`outputs[${i}]: expected every output once, got ${show(edge.name)} again`);
    found.add(edge);
    const parameters = output.object('parameters');
    // These change what the answer is: to leave them aside would be another answer than the one asked for.
    const other = otherForms.find((name) => parameters.get(name) !== undefined);
    if (other) refuse(`outputs[${i}]: the parameter ${other} is not supported`);
    return { edge, binary: parameters.flag('binary_data') ?? binaryByDefault };
  });
}

const otherForms = ['classification', 'shared_memory_region'];

/** Milliseconds that a timer of Node can hold, 24 days: nobody waits longer. */
const longestTimer = 2 ** 31 - 1;

/** The time that the sender allows; `timeout` is in microseconds, 0 for none. */
function readSchedule(parameters: Fields): number | undefined {
  const priority = parameters.natural('priority') ?? 0;
  if (priority !== 0)
    refuse(`parameters: expected priority to be 0, since requests are equal here, got ${priority}`);
  const timeout = parameters.natural('timeout') ?? 0;
  return timeout === 0 ? undefined : Math.min(timeout / 1000, longestTimer);
}

function find({ who, text }: Fields, edges: readonly Edge[], what: string): Edge {
  const name = text('name');
  const edge = edges.find((item) => item.name === name);
  return edge ?? refuse(`${who}: expected one of the ${what} ${named(edges)}, got ${show(name)}`);
}

function named(edges: readonly Edge[]): string {
  return edges.map(({ name }) => show(name)).join(', ');
}
