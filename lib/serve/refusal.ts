import { NeocogError } from '../errors.js';

/** A request that is answered with this HTTP status, whatever the model; the message is for whoever sent it. */
export class Refusal extends NeocogError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super('ERR_REQUEST', message);
    this.status = status;
    this.headers = headers;
  }
}

/** What a request asks for is not what the protocol allows. */
export function refuse(rule: string): never {
  throw new Refusal(400, rule);
}
