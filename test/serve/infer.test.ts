import { input, layers, loadOnnx, model, sequential, type Tensor, tensor } from 'neocog';
import { handler } from 'neocog/serve';
import { describe, expect, test } from 'vitest';
import { backends } from '../support/engines.js';
import { listen } from '../support/http.js';
import { binaryBody, binaryInput, jsonInput, openBinary } from '../support/inference.js';
import { writeOnnx } from '../support/internals.js';
import { lenetLayers, randomiseWeights, randomTensor } from '../support/nets.js';
import { fileOf, node } from '../support/onnx-graph.js';

const bits = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const floatsOf = (bytes: Uint8Array): Float32Array =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);

/** Two inputs, two outputs. */
function forked(options: object) {
  const [a, b] = [input({ shape: [3], name: 'a' }), input({ shape: [4], name: 'b' })];
  const join = layers.concatenate({ name: 'joined' }).apply([a, b]);
  const net = model({
    inputs: [a, b],
    outputs: [join, layers.dense({ units: 2, name: 'd' }).apply(join)],
    ...options,
  });
  randomiseWeights(net);
  return net;
}

for (const { title, options, missing } of backends) {
  describe.skipIf(missing !== undefined)(`answers are those of predictSync on ${title}, bit by bit`, () => {
    const lenet = () => sequential({ layers: lenetLayers(), seed: 5, ...options });

    test('as JSON, flat and nested, and as binary data in every mixture', async () => {
      const net = lenet();
      const { post } = await listen(handler({ models: { lenet: net } }));
      const x = randomTensor([3, 28, 28, 1]);
      const y = net.predictSync(x);
      const name = 'input_1';
      const flat = jsonInput(name, x) as { data: number[] };
      const rows = (values: readonly unknown[], length: number): unknown[][] =>
        Array.from({ length: values.length / length }, (_, i) => values.slice(i * length, (i + 1) * length));
      const nested = rows(rows(rows(flat.data, 1), 28), 28);
      // Any number of blanks: the tensor begins at every place modulo 4.
      const binary = [0, 1, 2, 3].map(
        (pad) => (more: object) => binaryBody({ inputs: [binaryInput(name, x)], ...more }, [x], pad),
      );
      const questions = [
        (more: object) => ({ body: { inputs: [flat], ...more }, headers: {} }),
        (more: object) => ({ body: { inputs: [{ ...flat, data: nested }], ...more }, headers: {} }),
        ...binary,
      ];
      for (const question of questions) {
        const asked = question({ id: '42' });
        const answer = await post('/v2/models/lenet/infer', asked.body, asked.headers);
        expect(answer.headers['content-type']).toBe('application/json');
        const { outputs, ...rest } = answer.json();
        expect(rest).toEqual({ model_name: 'lenet', model_version: '1', id: '42' });
        expect(outputs).toHaveLength(1);
        const [{ data, ...head }] = outputs;
        expect(head).toEqual({ name: net.outputs[0]?.name, datatype: 'FP32', shape: [3, 10] });
        expect(bits(Float32Array.from(data))).toEqual(bits(y.data));

        const wanted = question({ parameters: { binary_data_output: true } });
        const raw = await post('/v2/models/lenet/infer', wanted.body, wanted.headers);
        expect(raw.headers['content-type']).toBe('application/octet-stream');
        const { json, outputs: found } = openBinary(raw);
        expect(json).toEqual({
          model_name: 'lenet',
          model_version: '1',
          outputs: [{ ...head, parameters: { binary_data_size: 120 } }],
        });
        expect(found[0]).toEqual(bits(y.data));
      }
    });

    test('raw bytes without JSON are one sample, and the answer is binary', async () => {
      const net = lenet();
      const { post } = await listen(handler({ models: { lenet: net } }));
      const x = randomTensor([1, 28, 28, 1]);
      const { json, outputs } = openBinary(
        await post('/v2/models/lenet/infer', bits(x.data), {
          'content-type': 'application/octet-stream',
          'inference-header-content-length': 0,
        }),
      );
      expect(json.outputs[0].shape).toEqual([1, 10]);
      expect(outputs[0]).toEqual(bits(net.predictSync(x).data));
    });

    test('several inputs in any order; the outputs that are asked for, in their order and form', async () => {
      const net = forked(options);
      const { post } = await listen(handler({ models: { net } }));
      const [a, b] = [randomTensor([2, 3], 1), randomTensor([2, 4], 2)];
      const y = net.predictSync({ a, b });
      const [joined, d] = [y.joined, y.d] as [Tensor, Tensor];
      const inputs = [binaryInput('b', b), jsonInput('a', a)];
      const ask = async (more: object) => {
        const { body, headers } = binaryBody({ inputs, ...more }, [b]);
        return post('/v2/models/net/infer', body, headers);
      };
      const all = (await ask({})).json().outputs;
      expect(
        all.map(({ name, data }: { name: string; data: number[] }) => [name, Float32Array.from(data)]),
      ).toEqual([
        ['joined', joined.data],
        ['d', d.data],
      ]);
      const one = (await ask({ outputs: [{ name: 'd' }] })).json().outputs;
      expect(one).toHaveLength(1);
      expect(Float32Array.from(one[0].data)).toEqual(d.data);
      const mixed = await ask({
        outputs: [{ name: 'd', parameters: { binary_data: true } }, { name: 'joined' }],
      });
      const length = Number(mixed.headers['inference-header-content-length']);
      const [first, second] = JSON.parse(mixed.body.subarray(0, length).toString()).outputs;
      expect([first.name, first.data, first.parameters]).toEqual(['d', undefined, { binary_data_size: 16 }]);
      expect(floatsOf(Uint8Array.from(mixed.body.subarray(length)))).toEqual(d.data);
      expect(Float32Array.from(second.data)).toEqual(joined.data);
      const both = openBinary(
        await ask({ parameters: { binary_data_output: true }, outputs: [{ name: 'joined' }, { name: 'd' }] }),
      );
      expect(both.outputs.map(floatsOf)).toEqual([joined.data, d.data]);
      const except = await ask({
        parameters: { binary_data_output: true },
        outputs: [{ name: 'd', parameters: { binary_data: false } }],
      });
      expect(Float32Array.from(except.json().outputs[0].data)).toEqual(d.data);
    });
  });
}

describe('numbers in JSON', () => {
  /** Gives back what it gets. */
  const echo = (length: number) => sequential({ layers: [layers.flatten({ inputShape: [length] })] });

  test('the shortest decimals that are the same float32', async () => {
    const data = new Float32Array(20_000);
    const words = new Uint32Array(data.buffer);
    let state = 1;
    for (let i = 0; i < words.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      words[i] = state;
      if (!Number.isFinite(data[i])) words[i] = 0;
    }
    data.set([
      0,
      -0,
      0.1,
      1 / 3,
      16777216,
      16777217,
      3.4028234663852886e38,
      2 ** -126,
      1e-45,
      -1e-45,
      1e22,
      5e-7,
      123456.7,
    ]);
    const { post } = await listen(handler({ models: { echo: echo(data.length) } }));
    const x = tensor(data, [1, data.length]);
    const { body, headers } = binaryBody({ inputs: [binaryInput('input_1', x)] }, [x]);
    const answer = await post('/v2/models/echo/infer', body, headers);
    const text = /"data":\[([^\]]*)\]/.exec(answer.body.toString())?.[1] ?? '';
    const decimals = text.split(',');
    expect(bits(Float32Array.from(decimals, Number))).toEqual(bits(data));
    expect(decimals.slice(0, 4)).toEqual(['0', '-0', '0.1', '0.33333334']);
    const digits = (decimal: string): number =>
      decimal.replace(/e.*|[-.]/g, '').replace(/^0+|0+$/g, '').length;
    for (const [i, decimal] of decimals.entries()) {
      const value = data[i] as number;
      const enough = [1, 2, 3, 4, 5, 6, 7, 8, 9].find(
        (n) => Math.fround(Number(value.toPrecision(n))) === value,
      );
      if (value !== 0 && digits(decimal) > (enough as number)) throw new Error(`${value}: ${decimal}`);
    }
  });

  test('NaN and Infinity are no JSON: the error asks for binary data, which has them', async () => {
    const { post } = await listen(handler({ models: { echo: echo(3) } }));
    for (const [value, shown] of [
      [Number.NaN, 'NaN'],
      [Number.NEGATIVE_INFINITY, '-Infinity'],
    ] as const) {
      const x = tensor(Float32Array.of(1, value, 2), [1, 3]);
      const ask = (more: object) => binaryBody({ inputs: [binaryInput('input_1', x)], ...more }, [x]);
      const plain = ask({});
      const refused = await post('/v2/models/echo/infer', plain.body, plain.headers);
      expect([refused.status, refused.json().error]).toEqual([
        400,
        `output "flatten_1": element 1 is ${shown}, which JSON does not have; ask for binary data: "parameters": {"binary_data_output": true}`,
      ]);
      const binary = ask({ parameters: { binary_data_output: true } });
      const { outputs } = openBinary(await post('/v2/models/echo/infer', binary.body, binary.headers));
      expect(outputs[0]).toEqual(bits(x.data));
    }
  });
});

describe('the data types of graphs from files', () => {
  const types = {
    float64: [tensor(Float64Array.of(1.5, -2.25, 1e10), [3, 1]), [1.5, -2.25, 1e10]],
    int32: [tensor(Int32Array.of(1, -70000, 0), [3, 1]), [1, -70000, 0]],
    int64: [tensor(BigInt64Array.of(1n, -70000n, 0n), [3, 1]), [1, -70000, 0]],
    uint8: [tensor(Uint8Array.of(0, 255, 7), [3, 1]), [0, 255, 7]],
    bool: [tensor(Uint8Array.of(1, 0, 1), [3, 1], 'bool'), [true, false, true]],
  } as const;

  test.each(Object.entries(types))('%s, as JSON and as binary data', async (type, [x, values]) => {
    const file = writeOnnx({
      ...fileOf({ nodes: [node('Identity', ['x'], ['y'])] }),
      inputs: [{ name: 'x', type: type as keyof typeof types, shape: ['n', 1] }],
      outputs: [{ name: 'y', type: type as keyof typeof types, shape: ['n', 1] }],
    });
    const { get, post } = await listen(handler({ models: { net: await loadOnnx(file) } }));
    const shown = { datatype: (jsonInput('x', x) as { datatype: string }).datatype, shape: [-1, 1] };
    expect((await get('/v2/models/net')).json()).toMatchObject({
      inputs: [{ name: 'x', ...shown }],
      outputs: [{ name: 'y', ...shown }],
    });
    const json = await post('/v2/models/net/infer', { inputs: [{ ...jsonInput('x', x), data: values }] });
    expect(json.json().outputs).toEqual([{ name: 'y', ...shown, shape: [3, 1], data: values }]);
    for (const pad of [0, 1, 5]) {
      const asked = binaryBody(
        { inputs: [binaryInput('x', x)], parameters: { binary_data_output: true } },
        [x],
        pad,
      );
      const { outputs } = openBinary(await post('/v2/models/net/infer', asked.body, asked.headers));
      expect(outputs[0]).toEqual(bits(x.data));
    }
  });
});
