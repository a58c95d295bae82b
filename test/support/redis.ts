import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { keptFolder } from './package.js';

/** Why tests on a real queue cannot run; undefined where they can. In CI its absence is an error. */
export const redisMissing: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'no redis-server: apt-get install redis-server';

if (redisMissing !== undefined && process.env.CI === 'true') throw new Error(redisMissing);

/** A Redis server of a test's own. */
export async function startRedis(): Promise<{ readonly url: string; stop(): void }> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', [...args, '--dir', keptFolder()], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise<void>((resolve, reject) => {
    let text = '';
    server.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (text.includes('Ready to accept connections')) resolve();
    });
    server.on('exit', () => reject(new Error(`redis-server ended: ${text}`)));
  });
  return { url: `redis://127.0.0.1:${port}`, stop: () => void server.kill('SIGKILL') };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
