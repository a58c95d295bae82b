// The other end of nodeProcess() in measure.mjs.
import { burst } from './measure.mjs';

let call;
process.on('message', async (message) => {
  try {
    if (message.module) {
      const { [message.factory]: factory } = await import(message.module);
      call = await factory(...message.args);
      process.send({ times: [] });
    } else {
      process.send({ times: await burst(call, message.milliseconds) });
    }
  } catch (error) {
    process.send({ error: String(error) });
  }
});
