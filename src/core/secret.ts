import { inspect } from 'node:util'

const redacted = '[redacted]'

/**
 * A password or token on its way to where it is used. Printed, inspected, logged, put into JSON or cloned to another
 * thread it shows nothing; only `reveal` tells it.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** A secret as it is, a text as a secret. */
  static of(secret: string | Secret): Secret {
    return typeof secret === 'string' ? new Secret(secret) : secret
  }

  /** The text itself: call this where it is used, and keep the result nowhere. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}
