import { readFileSync } from 'node:fs';
import { layers, load, loadOnnx, type Model, sequential } from 'neocog';
import { createServer, type Server } from 'neocog/serve';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataFile, dataMissing, readData } from '../support/data.js';
import { digitsFile, two } from '../support/serving.js';
import { widePicture } from '../support/wide-picture.js';

let net: Model;
let server: Server;

beforeAll(async () => {
  net = await load(digitsFile);
  const names = Array.from({ length: 10 }, (_, i) => `digit ${i}`);
  server = await createServer({
    port: 0,
    models: {
      digits: net,
      named: { model: net, labels: names },
      dense: sequential({ layers: [layers.dense({ inputShape: [4], units: 2 })] }),
    },
  });
});

afterAll(() => server.close());

const classify = (body: Uint8Array, { model = 'digits', query = '', type = 'image/png' } = {}) =>
  fetch(`${server.url}/v2/models/${model}/classify${query}`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-type': type },
  });

describe('a picture is classified', () => {
  test.each(['png', 'jpeg', 'webp'] as const)('%s', async (format) => {
    const picture = await sharp(two).toFormat(format).toBuffer();
    const response = await classify(picture, { type: `image/${format}` });
    const answer = await response.json();
    expect(response.status).toBe(200);
    expect(answer.model_name).toBe('digits');
    expect(answer.top).toHaveLength(5);
    expect(answer.top[0]).toMatchObject({ index: 2, label: '2' });
    expect(answer.top[0].probability).toBeGreaterThan(0.9);
    expect(answer.ms).toBeGreaterThan(0);
  });

  test('as many classes as are asked for', async () => {
    const one = await (await classify(readFileSync(two), { query: '?top=1' })).json();
    expect(one.top).toHaveLength(1);
    const all = await (await classify(readFileSync(two), { query: '?top=10' })).json();
    const sum = all.top.reduce(
      (total: number, { probability }: { probability: number }) => total + probability,
      0,
    );
    expect(sum).toBeCloseTo(1, 5);
    for (const query of ['?top=0', '?top=-1', '?top=x', '?top=1.5']) {
      const refused = await classify(readFileSync(two), { query });
      expect(refused.status, query).toBe(400);
      expect((await refused.json()).error).toMatch(/top/);
    }
  });

  test('with the names of the options', async () => {
    const answer = await (await classify(readFileSync(two), { model: 'named' })).json();
    expect(answer.top[0].label).toBe('digit 2');
  });
});

describe('what is no picture is refused, and says why', () => {
  const png = readFileSync(two);
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  test.each([
    ['nothing', Buffer.alloc(0), 415, /JPEG, PNG or WebP/],
    ['a text', Buffer.from('hello'), 415, /JPEG, PNG or WebP/],
    ['a drawing of vectors', svg, 415, /JPEG, PNG or WebP/],
    ['half a picture', png.subarray(0, png.length >> 1), 400, /decoded/],
    ['only the signature', png.subarray(0, 8), 400, /decoded/],
    ['a blank sheet', undefined, 400, /blank/],
  ] as const)('%s', async (_name, bytes, status, message) => {
    const blank = sharp({ create: { width: 40, height: 30, channels: 3, background: '#eee' } });
    const response = await classify(bytes ?? (await blank.png().toBuffer()));
    expect(response.status).toBe(status);
    expect((await response.json()).error).toMatch(message);
  });

  test('a small file that unfolds to many pixels', async () => {
    const wide = await widePicture();
    expect(wide.length).toBeLessThan(1e6);
    const response = await classify(wide);
    expect(response.status).toBe(413);
    expect((await response.json()).error).toMatch(/million pixels, got 12000 x 12000/);
  });

  test('a thin strip that would cover the input with gigabytes to its sides', async () => {
    const square = { inputShape: [64, 64, 3], filters: 2, kernelSize: 3 };
    const strips = sequential({ layers: [layers.conv2d(square), layers.globalAveragePooling2d()] });
    server.service.repository.add('strips', strips);
    for (const [width, height] of [
      [65_535, 1],
      [1, 65_535],
    ] as const) {
      const strip = sharp({ create: { width, height, channels: 3, background: '#fff' } });
      const response = await classify(await strip.png().toBuffer(), { model: 'strips' });
      expect(response.status).toBe(400);
      expect((await response.json()).error).toMatch(/expected sides less different, got \d+ x \d+: to cover/);
    }
    await server.service.repository.remove('strips');
  });

  test('a content type that is no picture: 415', async () => {
    const response = await classify(readFileSync(two), { type: 'application/json' });
    expect(response.status).toBe(415);
    // What curl sends where nobody says otherwise: the body is right then, and the message must not deny it.
    expect((await response.json()).error).toMatch(
      /one of the content types image\/jpeg, .*, got "application\/json"/,
    );
  });

  test('a model that takes no pictures: 400', async () => {
    const response = await classify(readFileSync(two), { model: 'dense' });
    expect(response.status).toBe(400);
    expect((await response.json()).error).toMatch(/model of pictures/);
  });

  test('an unknown model: 404; another method: 405 with what is allowed', async () => {
    expect((await classify(readFileSync(two), { model: 'nobody' })).status).toBe(404);
    const response = await fetch(`${server.url}/v2/models/digits/classify`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });
});

test.skipIf(dataMissing !== undefined)('photos, as SqueezeNet is known to see them', async () => {
  const squeezenet = await loadOnnx(dataFile('models/squeezenet1.1.onnx'));
  const preprocessing = {
    kind: 'image',
    resize: 256,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  };
  const photos = await createServer({
    port: 0,
    models: { squeezenet: { model: squeezenet, preprocessing } },
  });
  try {
    const expected = { flamingo: 130, coyote: 272, elephants: 386, cat: 285, husky: 248, 'cat-caffe': 278 };
    for (const [name, index] of Object.entries(expected)) {
      const response = await fetch(`${photos.url}/v2/models/squeezenet/classify`, {
        method: 'POST',
        headers: { 'content-type': 'image/jpeg' },
        body: new Uint8Array(readData(`data/photos/${name}.jpg`)),
      });
      expect((await response.json()).top[0].index, name).toBe(index);
    }
  } finally {
    await photos.close();
  }
});
