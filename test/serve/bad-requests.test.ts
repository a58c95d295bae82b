import { handler } from 'neocog/serve';
import { describe, expect, test } from 'vitest';
import { type Answer, type Client, listen } from '../support/http.js';
import { binaryBody, binaryInput, jsonInput } from '../support/inference.js';
import { randomTensor, slowNet, smallNet } from '../support/nets.js';

const x = randomTensor([1, 5, 5, 2]);
const good = jsonInput('input_1', x) as { shape: number[]; datatype: string; data: number[] };

/** A server of a small model, and a check that it still answers as before. */
async function small(
  options: object = {},
): Promise<Client & { infer(body: unknown, headers?: object): Promise<Answer> }> {
  const net = smallNet();
  const client = await listen(handler({ models: { small: net }, ...options }));
  const wanted = [...net.predictSync(x).data];
  const post = (body: unknown, headers = {}) => client.post('/v2/models/small/infer', body, headers);
  const infer = async (body: unknown, headers = {}): Promise<Answer> => {
    const answer = await post(body, headers);
    const after = (await post({ inputs: [good] })).json();
    expect([...Float32Array.from(after.outputs[0].data)]).toEqual(wanted);
    return answer;
  };
  return { ...client, infer };
}

type Case = readonly [
  what: string,
  body: unknown,
  status: number,
  message: string | RegExp,
  headers?: object,
];

const json = { 'content-type': 'application/json' };
const input = (change: object): object => ({ inputs: [{ ...good, ...change }] });
const data = (index: number, item: unknown): object => input({ data: good.data.with(index, item as number) });
const where = 'input "input_1": ';
const parameters = (change: object): object => ({ inputs: [good], parameters: change });

const cases: readonly Case[] = [
  // 89
  ['no body', undefined, 400, 'invalid JSON: Unexpected end of JSON input'],
  [
    'a wrong content type',
    'x=1',
    415,
    /^expected the content type application\/json, .* got "text\/plain"$/,
    { 'content-type': 'text/plain; charset=utf-8' },
  ],
  [
    'what curl -d sends',
    '{}',
    415,
    /got "application\/x-www-form-urlencoded"$/,
    { 'content-type': 'application/x-www-form-urlencoded' },
  ],
  ['no JSON', '{"inputs":', 400, 'invalid JSON: Unexpected end of JSON input', json],
  ['JSON with an end too many', '{}}', 400, /^invalid JSON: Unexpected non-whitespace character/, json],
  ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 400, 'invalid JSON: the text is no valid UTF-8', json],
  ['JSON 100,000 deep', '['.repeat(1e5), 400, 'invalid JSON: nested more than 32 deep at byte 32', json],
  [
    'objects 100,000 deep',
    '{"a":'.repeat(1e5),
    400,
    'invalid JSON: nested more than 32 deep at byte 160',
    json,
  ],
  [
    'brackets in a text are no depth',
    JSON.stringify({ id: '["{'.repeat(99) }),
    400,
    /expected the inputs/,
    json,
  ],
  ['no object', [1], 400, 'the request: expected an object, got [1]'],
  ['inputs that are none', { inputs: 5 }, 400, 'the request: expected inputs to be an array, got 5'],
  [
    'an id that is a number',
    { id: 42, inputs: [good] },
    400,
    'the request: expected id to be a text, got 42',
  ],
  [
    'names of prototypes',
    '{"__proto__":{"inputs":[1]},"constructor":1}',
    400,
    /^the request: expected the inputs "input_1", got none/,
    json,
  ],
  // 94
  ['no inputs', {}, 400, 'the request: expected the inputs "input_1", got none named "input_1"'],
  ['a wrong name', input({ name: 'x' }), 400, 'inputs[0]: expected one of the inputs "input_1", got "x"'],
  [
    'an input more',
    { inputs: [good, { ...good, name: 'y' }] },
    400,
    'inputs[1]: expected one of the inputs "input_1", got "y"',
  ],
  [
    'an input twice',
    { inputs: [good, good] },
    400,
    'inputs[1]: expected every input once, got "input_1" again',
  ],
  ['another datatype', input({ datatype: 'INT32' }), 400, `${where}expected the datatype FP32, got "INT32"`],
  [
    'a datatype that is not known here',
    input({ datatype: 'FP16' }),
    400,
    `${where}expected the datatype FP32, got "FP16"; known are FP32, FP64, INT32, INT64, UINT8, BOOL`,
  ],
  ['no shape', input({ shape: undefined }), 400, `${where}expected a shape`],
  [
    'another shape',
    input({ shape: [1, 2, 5, 5] }),
    400,
    `${where}expected the shape [-1, 5, 5, 2], -1 being free, got [1, 2, 5, 5]`,
  ],
  ['a shape without the batch', input({ shape: [5, 5, 2] }), 400, /got \[5, 5, 2\]$/],
  [
    'a shape of text',
    input({ shape: ['1', 5, 5, 2] }),
    400,
    `${where}expected shape[0] to be a positive integer, got "1"`,
  ],
  [
    'no data',
    input({ data: undefined }),
    400,
    `${where}expected data, or a binary_data_size among the parameters`,
  ],
  [
    'data of another length',
    input({ data: good.data.slice(1) }),
    400,
    `${where}expected 50 elements in data, got 49`,
  ],
  [
    'data nested otherwise',
    input({ data: [good.data] }),
    400,
    `${where}expected 5 arrays of [5, 2] in data[0], got 50`,
  ],
  [
    'data nested in part',
    input({ data: [[[1, 2], 3, 4, 5, 6], 1, 1, 1, 1] }),
    400,
    `${where}expected 1 arrays of [5, 5, 2] in data, got 5`,
  ],
  ['data that are a number', input({ data: 5 }), 400, `${where}expected data to be an array, got 5`],
  [
    'an output that is none',
    { inputs: [good], outputs: [{ name: 'x' }] },
    400,
    'outputs[0]: expected one of the outputs "answer", got "x"',
  ],
  [
    'an output twice',
    { inputs: [good], outputs: [{ name: 'answer' }, { name: 'answer' }] },
    400,
    'outputs[1]: expected every output once, got "answer" again',
  ],
  [
    'an output of another form',
    { inputs: [good], outputs: [{ name: 'answer', parameters: { classification: 3 } }] },
    400,
    'outputs[0]: the parameter classification is not supported',
  ],
  // 95
  [
    'NaN',
    JSON.stringify(data(7, 0)).replace(/,0,/, ',NaN,'),
    400,
    /^invalid JSON: Unexpected token 'N', .* JSON has no NaN and no Infinity, binary data have$/,
    json,
  ],
  [
    '-Infinity',
    JSON.stringify(data(7, 0)).replace(/,0,/, ',-Infinity,'),
    400,
    /^invalid JSON: .*JSON has no NaN and no Infinity, binary data have$/,
    json,
  ],
  [
    'null, as JSON.stringify writes NaN',
    data(7, Number.NaN),
    400,
    `${where}expected data[7] to be a number that FP32 holds, got null`,
  ],
  [
    '1e400',
    JSON.stringify(data(7, 0)).replace(/,0,/, ',1e400,'),
    400,
    `${where}expected data[7] to be a number that FP32 holds, got Infinity`,
    json,
  ],
  ['1e39', data(49, -1e39), 400, `${where}expected data[49] to be a number that FP32 holds, got -1e+39`],
  [
    'a text among numbers',
    data(3, '1'),
    400,
    `${where}expected data[3] to be a number that FP32 holds, got "1"`,
  ],
  [
    'true among numbers',
    data(3, true),
    400,
    `${where}expected data[3] to be a number that FP32 holds, got true`,
  ],
  [
    'an array among numbers',
    data(3, [1]),
    400,
    `${where}expected data[3] to be a number that FP32 holds, got [1]`,
  ],
  // 96
  [
    'a batch of 0',
    input({ shape: [0, 5, 5, 2], data: [] }),
    400,
    `${where}expected shape[0] to be a positive integer, got 0`,
  ],
  [
    'a batch that is too large',
    { inputs: [jsonInput('input_1', randomTensor([33, 5, 5, 2]))] },
    400,
    /a batch of at most .*32.*, got 33/,
  ],
  ['a batch beyond memory', input({ shape: [2 ** 40, 5, 5, 2] }), 400, /at most 2\^31 - 1 elements/],
  [
    'a large batch of little data',
    input({ shape: [4e7, 5, 5, 2] }),
    400,
    `${where}expected 2000000000 elements in data, got 50`,
  ],
  [
    'a negative timeout',
    parameters({ timeout: -1 }),
    400,
    'the request: parameters: expected timeout to be an integer from 0 to 2^53 - 1, got -1',
  ],
  [
    'a huge timeout',
    parameters({ timeout: 1e300 }),
    400,
    /expected timeout to be an integer .*, got 1e\+300$/,
  ],
  ['a timeout of text', parameters({ timeout: '9' }), 400, /expected timeout to be an integer .*, got "9"$/],
  [
    'a priority',
    parameters({ priority: 1 }),
    400,
    'parameters: expected priority to be 0, since requests are equal here, got 1',
  ],
  [
    'a negative priority',
    parameters({ priority: -2147483648 }),
    400,
    /expected priority to be an integer .*, got -2147483648$/,
  ],
  ['parameters that are none', parameters([]), 400, 'the request: parameters: expected an object, got []'],
];

describe('bad requests are told what is wrong, and the next one is answered', () => {
  for (const [what, body, status, message, headers = {}] of cases) {
    test(what, async () => {
      const { infer } = await small();
      const answer = await infer(body, headers);
      expect(answer.headers['content-type']).toBe('application/json');
      const found = answer.json();
      expect(Object.keys(found)).toEqual(['error']);
      if (typeof message === 'string') expect(found.error).toBe(message);
      else expect(found.error).toMatch(message);
      expect(answer.status).toBe(status);
    });
  }

  test('97: sizes of binary data', async () => {
    const { infer } = await small();
    const ask = async (change: object, length?: string, tail = x) => {
      const asked = { ...binaryInput('input_1', x), ...change };
      const { body, headers } = binaryBody({ inputs: [asked] }, [tail]);
      const lengths =
        length === undefined ? headers : { ...headers, 'inference-header-content-length': length };
      const { status, json: read } = await infer(body, lengths);
      expect(status).toBe(400);
      return read().error;
    };
    const sized = (binary_data_size: unknown): object => ({ parameters: { binary_data_size } });
    expect(await ask(sized(-4))).toMatch(/expected binary_data_size to be an integer .*, got -4$/);
    expect(await ask(sized(2 ** 53))).toMatch(/binary_data_size to be an integer .*, got 9007199254740992$/);
    expect(await ask(sized(1.5))).toMatch(/got 1.5$/);
    expect(await ask(sized('200'))).toMatch(/got "200"$/);
    expect(await ask(sized(196))).toBe(
      `${where}expected a binary_data_size of 200 for [1, 5, 5, 2] FP32, got 196`,
    );
    expect(await ask({ data: good.data })).toBe(
      `${where}expected either data or a binary_data_size, got both`,
    );
    const two = randomTensor([2, 5, 5, 2]);
    expect(await ask({}, undefined, two)).toBe(
      'expected 200 bytes of binary data, as binary_data_size of the inputs says, got 400',
    );
    expect(await ask({ shape: [2, 5, 5, 2], ...sized(400) })).toBe(
      `${where}expected 400 bytes of binary data, got 200 at the end of the body`,
    );
    for (const length of ['-1', '1e3', '0x10', '9007199254740993', '99999', '', '5, 5']) {
      expect(await ask({}, length)).toMatch(/^expected Inference-Header-Content-Length to be an integer/);
    }
    expect(await ask({}, '20')).toMatch(/^invalid JSON/);
    const { body } = binaryBody({}, [two]);
    const raw = { 'content-type': 'application/octet-stream', 'inference-header-content-length': '0' };
    const answer = await infer(body, raw);
    expect([answer.status, answer.json().error]).toEqual([
      400,
      `${where}expected 200 bytes for one sample of [1, 5, 5, 2] FP32, got 402`,
    ]);
  });

  test('98: unknown models and versions, whatever is behind them', async () => {
    const { send } = await small();
    for (const path of [
      'nobody',
      '..',
      '%2e%2e%2fsmall',
      'small%00',
      'small/versions/2',
      'small/versions/..',
    ]) {
      const { status, json: read } = await send('POST', `/v2/models/${path}/infer`, {
        body: { inputs: [good] },
      });
      expect(status, path).toBe(404);
      expect(read().error).toMatch(/^no (model|version) /);
    }
  });

  test('101: what finds no place is sent away at once, and what has one is answered', async () => {
    const net = slowNet();
    const listener = handler({ models: { net }, maxBatchSize: 1, maxQueueSize: 2 });
    const { post, get } = await listen(listener);
    const one = randomTensor([1, 16, 16, 1]);
    const wanted = net.predictSync(one).data;
    const { body, headers } = binaryBody({ inputs: [binaryInput('input_1', one)] }, [one]);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => post('/v2/models/net/infer', body, headers)),
    );
    const rejected = answers.filter(({ status }) => status === 503);
    expect(rejected.length).toBeGreaterThan(0);
    for (const answer of rejected) {
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.json().error).toMatch(/2/);
    }
    const answered = answers.filter(({ status }) => status === 200);
    expect(answered.length + rejected.length).toBe(12);
    expect(answered.length).toBeGreaterThanOrEqual(2);
    for (const answer of answered) expect(Float32Array.from(answer.json().outputs[0].data)).toEqual(wanted);
    const [stats] = (await get('/v2/models/net/stats')).json().model_stats;
    expect(stats.inference_count).toBe(answered.length);
    expect(stats.inference_stats.fail.count).toBe(rejected.length);
  });

  test('102: a deadline that passes in the queue; a request can only shorten it', async () => {
    const net = slowNet();
    const { post } = await listen(handler({ models: { net }, maxBatchSize: 1, maxQueueDelayMs: 0 }));
    const one = jsonInput('input_1', randomTensor([1, 16, 16, 1]));
    const ask = (timeout: number) => post('/v2/models/net/infer', { inputs: [one], parameters: { timeout } });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => ask(i % 2 === 0 ? 1 : 0)));
    const late = answers.filter(({ status }) => status === 504);
    expect(late.length).toBeGreaterThan(0);
    for (const answer of late) expect(answer.json().error).toMatch(/\bms\b|deadline/);
    expect(answers.filter((_, i) => i % 2 === 1).map(({ status }) => status)).toEqual(Array(5).fill(200));
    const { post: strict } = await listen(handler({ models: { net }, maxBatchSize: 1, timeoutMs: 0.001 }));
    const more = Array.from({ length: 4 }, () =>
      strict('/v2/models/net/infer', { inputs: [one], parameters: { timeout: 60e6 } }),
    );
    expect((await Promise.all(more)).filter(({ status }) => status === 504).length).toBeGreaterThan(0);
  });

  test('103: a bad request fails alone among good ones', async () => {
    const net = smallNet();
    const { post } = await listen(handler({ models: { net }, maxQueueDelayMs: 5 }));
    const asked = Array.from({ length: 60 }, (_, i) => randomTensor([1, 5, 5, 2], i));
    const answers = await Promise.all(
      asked.map((tensor, i) => {
        const item = jsonInput('input_1', tensor);
        return post('/v2/models/net/infer', {
          inputs: [i % 3 === 0 ? { ...item, shape: [1, 5, 2, 5] } : item],
        });
      }),
    );
    for (const [i, answer] of answers.entries()) {
      expect(answer.status).toBe(i % 3 === 0 ? 400 : 200);
      if (i % 3 === 0) continue;
      const alone = net.predictSync(asked[i] as (typeof asked)[number]).data;
      expect(Float32Array.from(answer.json().outputs[0].data)).toEqual(alone);
    }
  });
});
