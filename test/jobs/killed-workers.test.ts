import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keptFolder } from '../support/package.js';
import { root } from '../support/paths.js';
import { random } from '../support/random.js';
import { redisMissing, startRedis } from '../support/redis.js';

const pictures = readdirSync(join(root, 'examples', 'digits')).filter((name) => name.endsWith('.png'));
const images = join(keptFolder(), 'images');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(redisMissing !== undefined)('neocog worker', () => {
  let redis: string;
  let stopRedis = () => {};
  let connection: Redis;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    mkdirSync(images, { recursive: true });
    for (const name of pictures) copyFileSync(join(root, 'examples', 'digits', name), join(images, name));
    ({ url: redis, stop: stopRedis } = await startRedis());
    connection = new Redis(redis, { maxRetriesPerRequest: null });
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await connection?.quit();
    stopRedis();
  });

  /** A worker process, once it says that it is ready. */
  async function start(queue: string): Promise<{ child: ChildProcess; ended: Promise<unknown> }> {
    const model = join(root, 'models', 'digits.safetensors');
    const options = { redis, queue, model, images, batch: '4', 'stalled-after': '1000' };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'worker', ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.add(child);
    const ended = new Promise((resolve) => {
      child.on('exit', (status, signal) => {
        children.delete(child);
        resolve(status ?? signal);
      });
    });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    return { child, ended };
  }

  async function filled(name: string, count: number): Promise<Queue> {
    const queue = new Queue(name, { connection });
    await queue.addBulk(
      Array.from({ length: count }, (_, i) => ({
        name: 'job',
        data: { image: pictures[i % pictures.length] },
        opts: { jobId: `job-${i}` },
      })),
    );
    return queue;
  }

  /** How often each job was completed, by the events of the queue. */
  async function completions(name: string): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const [, fields] of await connection.xrange(`bull:${name}:events`, '-', '+')) {
      if (fields[fields.indexOf('event') + 1] !== 'completed') continue;
      const id = fields[fields.indexOf('jobId') + 1] as string;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }

  test('killed in the middle of jobs: nothing is lost, nothing is answered twice', async () => {
    const count = 600;
    const queue = await filled('killed', count);
    const next = random(7);
    const kills = 6;
    let midJob = 0;
    const workers = [await start('killed'), await start('killed')];
    for (let i = 0; i < kills; i++) {
      await pause(20 + next() * 80);
      const { child, ended } = workers.shift() as (typeof workers)[number];
      const before = await queue.getActiveCount();
      child.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      if (before > 0 && (await queue.getCompletedCount()) < count) midJob++;
      workers.push(await start('killed'));
    }
    // The test proves something only if jobs were in hand when their workers went.
    expect(midJob).toBeGreaterThan(2);
    while ((await queue.getCompletedCount()) + (await queue.getFailedCount()) < count) await pause(50);
    for (const { child } of workers) child.kill('SIGTERM');
    expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0]);

    expect(await queue.getFailedCount()).toBe(0);
    const jobs = await queue.getCompleted();
    expect(jobs).toHaveLength(count);
    for (const { id, data, returnvalue } of jobs) expect(returnvalue.top[0].label, id).toBe(data.image[0]);
    const counts = await completions('killed');
    expect(counts.size).toBe(count);
    expect(new Set(counts.values())).toEqual(new Set([1]));
    await queue.close();
  });

  test('SIGTERM: jobs in hand are done, no new ones are taken, and the exit code is 0', async () => {
    const count = 400;
    const queue = await filled('stopped', count);
    const { child, ended } = await start('stopped');
    while ((await queue.getCompletedCount()) < 20) await pause(2);
    const begun = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(performance.now() - begun).toBeLessThan(20_000);
    const { active, completed, waiting, failed } = await queue.getJobCounts(
      ...(['active', 'completed', 'waiting', 'failed'] as const),
    );
    expect({ active, failed }).toEqual({ active: 0, failed: 0 });
    expect(completed).toBeLessThan(count);
    expect((completed as number) + (waiting as number)).toBe(count);
    await queue.close();
  });

  test('a job whose worker goes again and again fails and is among the dead ones', async () => {
    const name = 'poison';
    const queue = await filled(name, 1);
    // As a worker leaves it that was killed four times with this job in hand.
    await connection.hset(`bull:${name}:job-0`, 'stc', 3);
    const stuck = await connection.lmove(`bull:${name}:wait`, `bull:${name}:active`, 'RIGHT', 'LEFT');
    expect(stuck).toBe('job-0');
    const { child, ended } = await start(name);
    const dead = new Queue(`${name}-dead`, { connection });
    while ((await dead.getWaitingCount()) === 0) await pause(20);
    const [letter] = await dead.getJobs();
    expect(letter?.data).toMatchObject({ id: 'job-0', error: expect.stringMatching(/stalled more than/) });
    expect(await (await queue.getJob('job-0'))?.getState()).toBe('failed');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await Promise.all([queue.close(), dead.close()]);
  });
});
