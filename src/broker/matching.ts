import { Script } from 'node:vm'

// A pattern that backtracks for longer is given up: it comes from anybody, and the broker has other clients.
const matchMsMax = 100

const matching = new Script('names.filter((name) => expression.test(name))')

/** The names that a regular expression matches as a whole; `undefined` when it is invalid or takes too long. */
export function namesMatching(names: readonly string[], pattern: string): string[] | undefined {
  try {
    const expression = new RegExp(`^(?:${pattern})$`, 'u')
    return matching.runInNewContext({ names, expression }, { timeout: matchMsMax }) as string[]
  } catch {
    return undefined
  }
}
