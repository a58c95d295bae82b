import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BackendError } from '../errors.js';
import { packageRoot } from '../root.js';

/** One file of the page, as it is sent. */
export interface PageFile {
  /** Behind the prefix: '/' or '/page/page.js'. */
  readonly path: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

const files = ['index.html', 'page.css', 'page.js', 'board.js', 'answer.js', 'stats.js', 'icon.svg'];

/** Only this server's own files run, and nobody may frame the page; chosen photos are shown from memory (`blob:`). */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The files of the page, which the build puts into `dist/serve/page`. */
export async function readPage(): Promise<readonly PageFile[]> {
  const root = packageRoot();
  if (root === undefined) {
    throw new BackendError(
      'page: its files are in the package neocog, which was bundled without them; pass page: false, or leave neocog out of the bundle',
    );
  }
  const folder = new URL('dist/serve/page/', root);
  return Promise.all(
    files.map(async (name) => {
      const body = await readFile(new URL(name, folder));
      const ending = name.slice(name.lastIndexOf('.') + 1) as keyof typeof types;
      const headers = {
        'content-type': types[ending],
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
        etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      };
      return { path: name === 'index.html' ? '/' : `/page/${name}`, body, headers };
    }),
  );
}
