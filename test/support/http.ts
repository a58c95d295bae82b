import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request,
  type ServerOptions,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body read as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the test expects it to be
  json(): any;
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string | number>>;
  /** Text and bytes are sent as they are, all else as JSON. */
  readonly body?: unknown;
}

export interface Client {
  readonly port: number;
  send(method: string, path: string, sent?: Sent): Promise<Answer>;
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown, headers?: Sent['headers']): Promise<Answer>;
  /** Writes these bytes to a connection of its own; what comes back until it closes, or until `until` was seen. */
  raw(text: string | Uint8Array, until?: RegExp): Promise<string>;
}

/** Serves on a free port until the test is over. */
export async function listen(listener: RequestListener, options: ServerOptions = {}): Promise<Client> {
  const server = createServer(options, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return clientOf((server.address() as AddressInfo).port);
}

/** Paths go out as they are: nothing resolves `..` or encodes a letter. */
export function clientOf(port: number): Client {
  const send = (method: string, path: string, { headers = {}, body }: Sent = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const plain = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
      const bytes = plain ? body : JSON.stringify(body);
      const type = plain ? {} : { 'content-type': 'application/json' };
      const call = request(
        { host: '127.0.0.1', port, method, path, headers: { ...type, ...headers }, agent: false },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const whole = Buffer.concat(parts);
            const { statusCode: status = 0, headers: found } = response;
            resolve({ status, headers: found, body: whole, json: () => JSON.parse(whole.toString()) });
          });
        },
      );
      call.on('error', reject);
      call.end(bytes);
    });
  return {
    port,
    send,
    get: (path) => send('GET', path),
    post: (path, body, headers = {}) => send('POST', path, { body, headers }),
    raw: (text, until) =>
      new Promise((resolve, reject) => {
        let seen = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        const done = (): void => {
          socket.destroy();
          resolve(seen);
        };
        socket.on('data', (part) => {
          seen += part.toString('latin1');
          if (until?.test(seen)) done();
        });
        socket.on('error', reject);
        socket.on('close', done);
      }),
  };
}
