import { show } from '../../errors.js';
import type { DataType, Tensor } from '../../tensor.js';
import type { ServiceAnswer } from '../answer.js';
import { refuse } from '../refusal.js';
import { bytesOf } from './binary.js';
import type { Edge } from './edges.js';
import type { InferenceRequest } from './request.js';

/** The answer to an inference request: JSON, or JSON and raw tensors in one buffer. */
export function inferenceAnswer(
  head: { readonly model_name: string; readonly model_version: string },
  { id, outputs }: InferenceRequest,
  results: Readonly<Record<string, Tensor<DataType>>>,
): ServiceAnswer {
  const raw: Uint8Array[] = [];
  const texts = outputs.map(({ edge, binary }) => {
    const result = results[edge.name] as Tensor<DataType>;
    const described = { name: edge.name, datatype: edge.datatype.name, shape: result.shape };
    if (!binary) return withData(described, dataText(edge, result));
    const bytes = bytesOf(result);
    raw.push(bytes);
    return JSON.stringify({ ...described, parameters: { binary_data_size: bytes.length } });
  });
  const start = JSON.stringify({ ...head, ...(id === undefined ? {} : { id }) });
  const json = `${start.slice(0, -1)},"outputs":[${texts.join(',')}]}`;
  if (raw.length === 0) return { status: 200, headers: { 'content-type': 'application/json' }, body: json };
  const length = Buffer.byteLength(json);
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(length),
    },
    body: joined(json, length, raw),
  };
}

function withData(described: object, data: string): string {
  return `${JSON.stringify(described).slice(0, -1)},"data":${data}}`;
}

/** `[0.1,0.9]`, each number as short as its reader needs it. */
function dataText({ name, datatype }: Edge, { data }: Tensor<DataType>): string {
  const texts = new Array<string>(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number | bigint;
    texts[i] =
      datatype.text(value) ??
      refuse(
        `output ${show(name)}: element ${i} is ${value}, which JSON does not have; ask for binary data: "parameters": {"binary_data_output": true}`,
      );
  }
  return `[${texts.join(',')}]`;
}

function joined(json: string, length: number, raw: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.allocUnsafe(raw.reduce((sum, bytes) => sum + bytes.length, length));
  body.write(json);
  let at = length;
  for (const bytes of raw) {
    body.set(bytes, at);
    at += bytes.length;
  }
  return body;
}
