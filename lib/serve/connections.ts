import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** What a server has open. */
export interface Connections {
  readonly open: number;
  /** Requests that were read and wait for their answer. */
  readonly unanswered: number;
  /** Ends what has brought no request yet and what waits for another one. */
  endUnused(): void;
  endAll(): void;
}

/**
 * Keeps count of a server's connections from now on, and ends those whose client takes nothing of an answer for
 * `unreadMs`: it would be held in memory for as long as they like.
 */
export function watchConnections(server: Server, unreadMs: number): Connections {
  const sockets = new Set<Socket>();
  let unanswered = 0;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (_request, response) => {
    unanswered++;
    response.once('prefinish', () => {
      if (response.socket !== null && response.socket.writableLength > 0) response.setTimeout(unreadMs);
    });
    // Behind an answer that was unread for some time another one may be still in the making.
    response.on('timeout', () => {
      if (response.writableEnded) response.destroy();
    });
    response.once('close', () => {
      unanswered--;
    });
  });
  return {
    get open() {
      return sockets.size;
    },
    get unanswered() {
      return unanswered;
    },
    endUnused() {
      // Node counts a connection as idle only after its first request; browsers open some in advance.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      server.closeIdleConnections();
    },
    endAll: () => server.closeAllConnections(),
  };
}
