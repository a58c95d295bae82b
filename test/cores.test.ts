import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from './support/child.js';
import { backends } from './support/engines.js';
import { cpuQuota } from './support/internals.js';
import { temporaryFolder } from './support/package.js';
import { root } from './support/paths.js';

describe('the CPU quota of control groups', () => {
  test.each<[string, number, Record<string, string>]>([
    ['none', Infinity, {}],
    [
      'version 2, no limit',
      Infinity,
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' },
    ],
    [
      'version 2, in a container',
      1.5,
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' },
    ],
    [
      'version 2, the smallest of all groups above',
      0.5,
      {
        '/proc/self/cgroup': '0::/pods/one/two\n',
        '/sys/fs/cgroup/pods/one/two/cpu.max': 'max 100000\n',
        '/sys/fs/cgroup/pods/one/cpu.max': '50000 100000\n',
        '/sys/fs/cgroup/pods/cpu.max': '400000 100000\n',
      },
    ],
    [
      'version 1',
      2,
      {
        '/proc/self/cgroup': '5:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n',
        '/sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_quota_us': '200000\n',
        '/sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_period_us': '100000\n',
      },
    ],
    [
      'version 1, no limit',
      Infinity,
      {
        '/proc/self/cgroup': '4:cpu,cpuacct:/\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      },
    ],
    [
      'version 1, a container that sees its group as the root',
      1,
      {
        '/proc/self/cgroup': '4:cpu,cpuacct:/kubepods/pod1/c\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '100000\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      },
    ],
    ['garbage', Infinity, { '/proc/self/cgroup': '0::/\nnonsense', '/sys/fs/cgroup/cpu.max': 'a b c' }],
  ])('%s: %d', (_, quota, texts) => {
    expect(cpuQuota((path) => texts[path])).toBe(quota);
  });
});

const taskset = spawnSync('taskset', ['--version']).status === 0;

describe.skipIf(!taskset)('on one core', () => {
  const onOne = (...args: string[]) => run('taskset', ['-c', '0', process.execPath, ...args], { cwd: root });

  for (const { name, missing } of backends) {
    test.skipIf(missing !== undefined)(`${name}: predict, predictStream and many at once`, async () => {
      const code = `
        import { load, backend, tensor } from 'neocog';
        const net = await load('models/digits.safetensors', { backend: '${name}' });
        const x = tensor(Float32Array.from({ length: 784 }, (_, i) => (i % 7) / 7), [28, 28, 1]);
        const one = (await net.predict(x)).data.join();
        const all = await Promise.all(Array.from({ length: 50 }, () => net.predict(x)));
        const streamed = [];
        for await (const y of net.predictStream(Array(50).fill(x), { batchSize: 8 })) streamed.push(y);
        const same = [...all, ...streamed].filter(({ data }) => data.join() === one).length;
        console.log(JSON.stringify([same, net.backend.threads]));`;
      const { status, stdout, stderr } = await onOne('--input-type=module', '--eval', code);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual([100, 1]);
    });
  }

  test('NEOCOG_THREADS asks for more, and has them', async () => {
    const code = `import { backend } from 'neocog'; console.log(backend().threads)`;
    const args = ['-c', '0', process.execPath, '--input-type=module', '--eval', code];
    const env = { NEOCOG_THREADS: '3', NEOCOG_BACKEND: undefined };
    const { stdout } = await run('taskset', args, { cwd: root, env });
    const native = backends.some(({ name, missing }) => name === 'native' && missing === undefined);
    expect(stdout).toBe(native ? '3\n' : '1\n');
  });

  test('a job has the same results as on all cores', async () => {
    const main = join(root, 'dist', 'cli', 'main.js');
    const folder = temporaryFolder();
    const job = (out: string) => [
      main,
      'predict',
      'models/digits.safetensors',
      'examples/digits/*.png',
      '--out',
      join(folder, out),
      '--batch',
      '4',
    ];
    expect((await onOne(...job('one'))).status).toBe(0);
    expect((await run(process.execPath, job('all'), { cwd: root })).status).toBe(0);
    expect(readFileSync(join(folder, 'one'), 'utf8')).toBe(readFileSync(join(folder, 'all'), 'utf8'));
  });
});
