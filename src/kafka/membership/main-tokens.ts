import type { ToMain } from './thread.ts'

/** Tokens that a function of the main thread provides, which come in the order in which they were asked for. */
export class MainTokens {
  readonly #tell: (message: ToMain) => void
  readonly #wanted: PromiseWithResolvers<string>[] = []

  constructor(tell: (message: ToMain) => void) {
    this.#tell = tell
  }

  readonly ask = (): Promise<string> => {
    const wanted = Promise.withResolvers<string>()
    this.#wanted.push(wanted)
    this.#tell({ kind: 'tokenWanted' })
    return wanted.promise
  }

  came(token: string): void {
    this.#wanted.shift()?.resolve(token)
  }

  failed(reason: string): void {
    this.#wanted.shift()?.reject(new Error(reason))
  }
}
