import { describe, expect, test } from 'vitest';
import { type ChildOptions, type Ended, runModule } from './support/child.js';
import { binaryBytes, packageCopy } from './support/package.js';
import { root } from './support/paths.js';

/** A convolution with a known answer, by the public face, sync and async; then the engine that gave it. */
const program = `
import { backend, layers, ops, sequential, tensor } from 'neocog';
const x = tensor(Float32Array.of(1, 2, 3, 4), [1, 2, 2, 1]);
const y = ops.conv2d(x, tensor(Float32Array.of(1, 10, 100, 1000), [2, 2, 1, 1]));
const net = sequential({ layers: [layers.maxPooling2d({ inputShape: [2, 2, 1], poolSize: 2 }), layers.flatten()] });
const z = await net.predict(x);
console.log(JSON.stringify({ y: [...y.data], z: [...z.data], backend: backend() }));
`;

interface Answer {
  readonly y: number[];
  readonly z: number[];
  readonly backend: { name: string; isa: string; threads: number; reason?: string };
}

function answerOf(ended: Ended): Answer {
  expect(ended.signal, ended.stderr).toBe(null);
  expect(ended.status, ended.stderr).toBe(0);
  const answer = JSON.parse(ended.stdout) as Answer;
  expect(answer.y).toEqual([4321]);
  expect(answer.z).toEqual([4]);
  return answer;
}

async function answerWith(
  binary: Uint8Array | undefined,
  options: ChildOptions = {},
): Promise<Answer & Ended> {
  const ended = await runModule(program, { cwd: packageCopy(binary), ...options });
  return { ...answerOf(ended), ...ended };
}

const whole = binaryBytes();

describe('without a native engine the same program answers in TypeScript', () => {
  test('no binary at all: quietly', async () => {
    const { backend, stderr } = await answerWith(undefined);
    expect(backend.name).toBe('js');
    expect(backend.reason).toMatch(/no native binary/);
    expect(stderr).toBe('');
  });

  test('NEOCOG_BACKEND=js', async () => {
    const ended = await runModule(program, { cwd: root, env: { NEOCOG_BACKEND: 'js' } });
    const { backend } = answerOf(ended);
    expect(backend.name).toBe('js');
    expect(backend.reason).toMatch(/NEOCOG_BACKEND/);
    expect(ended.stderr).toBe('');
  });

  test('an empty file', async () => {
    const { backend, stderr } = await answerWith(new Uint8Array(0));
    expect(backend.name).toBe('js');
    expect(backend.reason).toMatch(/broken.*0 bytes/);
    expect(stderr).toMatch(/NEOCOG_BROKEN_BINARY/);
  });

  test('garbage', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 251);
    const { backend } = await answerWith(bytes);
    expect(backend.name).toBe('js');
    expect(backend.reason).toMatch(/broken/);
  });

  test('a text file', async () => {
    const text = Buffer.from(`version https://git-lfs.github.com/spec/v1\n${'oid sha256:0\n'.repeat(20)}`);
    const { backend } = await answerWith(text);
    expect(backend.reason).toMatch(/no ELF, Mach-O or PE/);
  });

  test.for([
    ['Mach-O', Uint8Array.of(0xcf, 0xfa, 0xed, 0xfe, 0x07, 0, 0, 1)],
    ['PE', Uint8Array.of(0x4d, 0x5a, 0x90, 0)],
  ] as const)('the head of a %s file and nothing behind it', async ([, head]) => {
    const bytes = new Uint8Array(4096);
    bytes.set(head);
    const { backend } = await answerWith(bytes);
    expect(backend.name).toBe('js');
    expect(backend.reason).toBeDefined();
  });
});

describe.skipIf(whole === undefined)('with a native binary', () => {
  const binary = whole ?? Buffer.alloc(0);

  test('it is used, without a reason', async () => {
    const { backend, stderr } = await answerWith(binary);
    expect(backend.name).toBe('native');
    expect(backend.reason).toBeUndefined();
    expect(stderr).toBe('');
  });

  test.for([['--no-addons'], ['--experimental-permission', '--allow-fs-read=*', '--allow-worker']])(
    'addons disabled by %s',
    async (flags) => {
      const { backend } = await answerWith(binary, { flags });
      expect(backend.name).toBe('js');
      expect(backend.reason).toMatch(/disabled/);
    },
  );

  test('another processor', async () => {
    const other = Uint8Array.from(binary);
    other[18] = process.arch === 'x64' ? 183 : 62;
    other[19] = 0;
    const { backend } = await answerWith(other);
    expect(backend.name).toBe('js');
    expect(backend.reason).toMatch(/another processor/);
  });

  // Loading a truncated library kills the process: none of these may get that far.
  const lengths = [
    1,
    63,
    64,
    100,
    1000,
    4096,
    5000,
    20_000,
    binary.length >> 1,
    binary.length - 4096,
    binary.length - 1,
  ];
  test.for(lengths)('truncated to %d bytes', async (length) => {
    const { backend } = await answerWith(binary.subarray(0, length));
    expect(backend.name).toBe('js');
    expect(backend.reason).toMatch(/broken/);
  });

  test.for([
    '--frozen-intrinsics',
    '--jitless',
    '--disable-proto=throw',
    '--disallow-code-generation-from-strings',
  ])('works under %s', async (flag) => {
    const { backend } = await answerWith(binary, { flags: [flag] });
    expect(backend.name).toBe('native');
  });
});

test.for([
  '--frozen-intrinsics',
  '--jitless',
  '--disable-proto=throw',
  '--disallow-code-generation-from-strings',
])('the TypeScript engine works under %s', async (flag) => {
  const ended = await runModule(program, { cwd: root, env: { NEOCOG_BACKEND: 'js' }, flags: [flag] });
  expect(answerOf(ended).backend.name).toBe('js');
});

/** Runs `expression` and prints the error it throws. */
const failing = (expression: string): string => `
import * as neocog from 'neocog';
try { ${expression}; console.log('no error'); }
catch (error) { console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message })); }
`;

test('where no worker thread may start, predict computes on this thread and backend() says so', async () => {
  const flags = ['--experimental-permission', '--allow-fs-read=*'];
  const { backend } = await answerWith(undefined, { flags });
  expect(backend.name).toBe('js');
  expect(backend.reason).toMatch(/worker/);
});

describe('an engine that was asked for and cannot be had', () => {
  const model = `neocog.sequential({ layers: [neocog.layers.relu({ inputShape: [2] })], `;

  test.for([
    [
      'the option backend: native',
      `${model} backend: 'native' }).predictSync(neocog.tensor(new Float32Array(2), [1, 2]))`,
      {},
    ],
    ['NEOCOG_BACKEND=native', 'neocog.backend()', { NEOCOG_BACKEND: 'native' }],
  ] as const)('%s without a binary is a BackendError', async ([, expression, env]) => {
    const ended = await runModule(failing(expression), { cwd: packageCopy(), env });
    const error = JSON.parse(ended.stdout);
    expect(error).toMatchObject({ name: 'BackendError', code: 'ERR_BACKEND' });
    expect(error.message).toMatch(/not available.*no native binary/);
  });

  test.skipIf(whole === undefined)('an instruction set that this machine lacks', async () => {
    const isa = process.arch === 'arm64' ? 'avx2' : 'neon';
    const ended = await runModule(failing('neocog.backend()'), { cwd: root, env: { NEOCOG_ISA: isa } });
    const error = JSON.parse(ended.stdout);
    expect(error).toMatchObject({ name: 'BackendError' });
    expect(error.message).toContain(isa);
  });

  test.for([
    ['NEOCOG_BACKEND', 'fast'],
    ['NEOCOG_ISA', 'mmx'],
    ['NEOCOG_THREADS', 'abc'],
    ['NEOCOG_THREADS', '0'],
    ['NEOCOG_THREADS', '-1'],
    ['NEOCOG_THREADS', '1.5'],
    ['NEOCOG_THREADS', '1000000'],
  ] as const)('%s=%s is an OptionError that names the variable', async ([name, value]) => {
    const ended = await runModule(failing('neocog.backend()'), { cwd: root, env: { [name]: value } });
    const error = JSON.parse(ended.stdout);
    expect(error.name).toBe('OptionError');
    expect(error.message).toContain(name);
    expect(error.message).toContain(value);
  });
});

test('without an addon on disk the package imports, and nothing of it runs at import', async () => {
  const ended = await runModule(`await import('neocog'); console.log('imported');`, { cwd: packageCopy() });
  expect(ended).toMatchObject({ status: 0, stdout: 'imported\n', stderr: '' });
});
