import type { DataType, Tensor } from 'neocog';
import type { Answer } from './http.js';

const names: Readonly<Record<DataType, string>> = {
  float32: 'FP32',
  float64: 'FP64',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  bool: 'BOOL',
};

/** An input of a request, its data as flat JSON. */
export function jsonInput(name: string, { shape, dtype, data }: Tensor<DataType>): object {
  const items = Array.from(data as ArrayLike<number | bigint>, (item) =>
    dtype === 'bool' ? item === 1 : Number(item),
  );
  return { name, shape, datatype: names[dtype], data: items };
}

/** An input of a request whose bytes follow the JSON. */
export function binaryInput(name: string, { shape, dtype, data }: Tensor<DataType>): object {
  return { name, shape, datatype: names[dtype], parameters: { binary_data_size: data.byteLength } };
}

export interface BinaryBody {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** A body of JSON and tensors behind it; `pad` blanks behind the JSON move them to an odd place, or to an even one. */
export function binaryBody(json: object, tensors: readonly Tensor<DataType>[], pad = 0): BinaryBody {
  const text = Buffer.from(JSON.stringify(json) + ' '.repeat(pad));
  const parts = tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return {
    body: Buffer.concat([text, ...parts]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(text.length),
    },
  };
}

/** The JSON of a binary answer, and the bytes of its outputs in their order. */
export function openBinary({ headers, body }: Answer): {
  json: ReturnType<Answer['json']>;
  outputs: Uint8Array[];
} {
  if (headers['inference-header-content-length'] === undefined) throw new Error(`no binary answer: ${body}`);
  const length = Number(headers['inference-header-content-length']);
  const json = JSON.parse(body.subarray(0, length).toString());
  let at = length;
  const outputs = json.outputs.map(({ parameters }: { parameters: { binary_data_size: number } }) => {
    at += parameters.binary_data_size;
    // A copy starts at an aligned place.
    return Uint8Array.from(body.subarray(at - parameters.binary_data_size, at));
  });
  if (at !== body.length) throw new Error(`${body.length - at} bytes too many`);
  return { json, outputs };
}
