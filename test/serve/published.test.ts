import { loadOnnx } from 'neocog';
import { handler } from 'neocog/serve';
import { describe, expect, test } from 'vitest';
import { listen } from '../support/http.js';
import { writeOnnx } from '../support/internals.js';
import { fileOf, node } from '../support/onnx-graph.js';
import { known } from '../support/onnx-node.js';

/**
 * The requests that the protocol's own texts show, as bytes on a connection. What is adapted: UINT32, which no model here
 * has, is INT32; `input1` has as many rows as `input0`, since both are batches; and the model is one that can be checked
 * by hand: output0 = input1 ? input0 : 0.5.
 */
const mymodel = writeOnnx({
  ...fileOf({
    nodes: [
      node('Cast', ['input0'], ['floats'], { to: 1 }),
      node('Where', ['input1', 'floats', 'half'], ['output0']),
    ],
    weights: { half: known('float32', [1], [0.5]) },
  }),
  inputs: [
    { name: 'input0', type: 'int32', shape: ['n', 2] },
    { name: 'input1', type: 'bool', shape: ['n', 1] },
  ],
  outputs: [{ name: 'output0', type: 'float32', shape: ['n', 2] }],
});

const head = (path: string, more: string, length: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost:8000\r\n${more}Content-Length: ${length}\r\nConnection: close\r\n\r\n`;

/** Status line, headers without the date, and body. */
function parted(answer: string): { head: string[]; body: string } {
  const end = answer.indexOf('\r\n\r\n');
  const lines = answer
    .slice(0, end)
    .split('\r\n')
    .filter((line) => !line.startsWith('Date:'));
  return { head: lines, body: answer.slice(end + 4) };
}

describe('the published examples', () => {
  test('an inference in JSON', async () => {
    const { raw } = await listen(handler({ models: { mymodel: await loadOnnx(mymodel) } }));
    const json = `{
  "id" : "42",
  "inputs" : [
    {
      "name" : "input0",
      "shape" : [ 2, 2 ],
      "datatype" : "INT32",
      "data" : [ 1, 2, 3, 4 ]
    },
    {
      "name" : "input1",
      "shape" : [ 2, 1 ],
      "datatype" : "BOOL",
      "data" : [ true, false ]
    }
  ],
  "outputs" : [
    {
      "name" : "output0"
    }
  ]
}
`;
    const answer = await raw(
      head('/v2/models/mymodel/infer', 'Content-Type: application/json\r\n', json.length) + json,
    );
    const body =
      '{"model_name":"mymodel","model_version":"1","id":"42","outputs":[{"name":"output0","datatype":"FP32","shape":[2,2],"data":[1,2,0.5,0.5]}]}';
    expect(parted(answer)).toEqual({
      head: [
        'HTTP/1.1 200 OK',
        'content-type: application/json',
        `content-length: ${body.length}`,
        'Connection: close',
      ],
      body,
    });
  });

  test('an inference in binary data', async () => {
    const { raw } = await listen(handler({ models: { mymodel: await loadOnnx(mymodel) } }));
    const json = `{
  "model_name" : "mymodel",
  "inputs" : [
    {
      "name" : "input0",
      "shape" : [ 2, 2 ],
      "datatype" : "INT32",
      "parameters" : {
        "binary_data_size" : 16
      }
    },
    {
      "name" : "input1",
      "shape" : [ 2, 1 ],
      "datatype" : "BOOL",
      "parameters" : {
        "binary_data_size" : 2
      }
    }
  ],
  "outputs" : [
    {
      "name" : "output0",
      "parameters" : {
        "binary_data" : true
      }
    }
  ]
}
`;
    const tensors = '\x01\0\0\0\x02\0\0\0\x03\0\0\0\xfc\xff\xff\xff\x00\x01';
    const lines = `Content-Type: application/octet-stream\r\nInference-Header-Content-Length: ${json.length}\r\n`;
    const sent = head('/v2/models/mymodel/infer', lines, json.length + 18) + json + tensors;
    const answer = parted(await raw(Buffer.from(sent, 'latin1')));
    const header =
      '{"model_name":"mymodel","model_version":"1","outputs":[{"name":"output0","datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16}}]}';
    expect(answer).toEqual({
      head: [
        'HTTP/1.1 200 OK',
        'content-type: application/octet-stream',
        `inference-header-content-length: ${header.length}`,
        `content-length: ${header.length + 16}`,
        'Connection: close',
      ],
      // 0.5, 0.5, 3, -4
      body: `${header}\0\0\0\x3f\0\0\0\x3f\0\0\x40\x40\0\0\x80\xc0`,
    });
  });
});
