import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'

const redacted = '[redacted]'

/**
 * A password or token on its way to where it is used. Printed, inspected, logged, put into JSON or cloned to another
 * thread it shows nothing; only `reveal` tells it.
 */
export class Secret {
  readonly #text: string
  readonly #file: string | undefined

  /** @param file - Where it is read again each time. */
  constructor(text: string, file?: string) {
    this.#text = text
    this.#file = file
  }

  /**
   * A secret that is read whenever it is used, since files with secrets are replaced by others: a token is over after
   * an hour.
   *
   * @throws What reading the file fails with; later `reveal` does.
   */
  static inFile(file: string): Secret {
    return new Secret(textIn(file), file)
  }

  /** A secret as it is, a text as a secret. */
  static of(secret: string | Secret): Secret {
    return typeof secret === 'string' ? new Secret(secret) : secret
  }

  /** The text itself: call this where it is used, and keep the result nowhere. */
  reveal(): string {
    return this.#file === undefined ? this.#text : textIn(this.#file)
  }

  /** Where it is read each time; undefined for one that was given itself. */
  get file(): string | undefined {
    return this.#file
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

function textIn(file: string): string {
  // An editor, or `echo`, ends the line.
  return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
}
