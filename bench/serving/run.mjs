// Starts the two processes of a measurement: a server and a load.
import { fork } from 'node:child_process';

function child(file) {
  const process = fork(new URL(file, import.meta.url));
  const answer = () =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`${file} ended with code ${code}`));
      process.once('exit', ended);
      process.once('message', (message) => {
        process.off('exit', ended);
        resolve(message);
      });
    });
  return {
    ask(message) {
      process.send(message);
      return answer();
    },
    end: (message) =>
      new Promise((resolve) => {
        process.once('exit', resolve);
        process.send(message);
      }),
  };
}

/** A server of one model: { port, memory(): MB, close() }. */
export async function serve(model, options) {
  const server = child('server.mjs');
  const { port } = await server.ask({ model, options });
  return {
    port,
    memory: async () => (await server.ask('memory')).rss,
    close: () => server.end('close'),
  };
}

/** What a load saw: see client.mjs. */
export function load(settings) {
  return child('client.mjs').ask(settings);
}

/** predictStream alone: { rate: samples per second, input: the model's }. */
export function stream(settings) {
  return child('stream.mjs').ask(settings);
}
