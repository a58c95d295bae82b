// One keep-alive HTTP/1.1 connection that sends a request made beforehand and reads answers with a Content-Length: as little
// work per request as a client can do, since it shares the cores with the server that is measured.
import { connect } from 'node:net';

/** The bytes of a POST request. */
export function requestBytes({ host, path, headers, body }) {
  const lines = [`POST ${path} HTTP/1.1`, `host: ${host}`, `content-length: ${body.length}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

const headEnd = Buffer.from('\r\n\r\n');

export class Connection {
  #socket;
  #pieces = [];
  #have = 0;
  #need = -1;
  #status = 0;
  #answer;

  static async open(port) {
    const connection = new Connection();
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    connection.#socket = socket;
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.on('data', (piece) => connection.#read(piece));
    socket.on('error', (error) => connection.#fail(error));
    socket.on('close', () => connection.#fail(new Error('the server closed the connection')));
    return connection;
  }

  /** Whether another request may be sent here. */
  get open() {
    return !this.#socket.destroyed;
  }

  /** The status of the answer; one request at a time. */
  send(bytes) {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the connection is closed'));
      this.#answer = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  close() {
    this.#socket.destroy();
  }

  #read(piece) {
    this.#pieces.push(piece);
    this.#have += piece.length;
    if (this.#need < 0) {
      const all = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
      this.#pieces = [all];
      const end = all.indexOf(headEnd);
      if (end < 0) return;
      const head = all.latin1Slice(0, end);
      this.#status = Number(head.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/i.exec(head);
      if (!length) return this.#fail(new Error(`an answer without Content-Length: ${head.split('\r\n')[0]}`));
      this.#need = end + 4 + Number(length[1]);
    }
    if (this.#have < this.#need) return;
    const answer = this.#answer;
    this.#pieces = [];
    this.#have = 0;
    this.#need = -1;
    this.#answer = undefined;
    answer?.resolve(this.#status);
  }

  #fail(error) {
    this.#socket.destroy();
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.reject(error);
  }
}
