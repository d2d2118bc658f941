import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { closeAtEnd } from '../at-end.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

/** How a process ended, and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  /** Resolves when the process has written this to standard error. */
  says(words: string): Promise<void>
  /** The first match in what the process writes to standard error. */
  finds(pattern: RegExp): Promise<string>
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

/**
 * Starts the command line in a process of its own, as a user does.
 *
 * @param unreadUntil - What it says on standard error before its standard output is read.
 * @param input - All that it reads on standard input.
 * @param hearsOutput - Whether `says` and `finds` look at its standard output as well.
 */
export function startMillrace(
  words: readonly string[],
  env: Record<string, string> = {},
  { unreadUntil, input, hearsOutput }: { unreadUntil?: string; input?: string; hearsOutput?: boolean } = {},
): Running {
  const child = spawn(process.execPath, [main, ...words], {
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.end(input)
  const hasEnded = closeAtEnd(() => child.kill('SIGKILL'))
  let said = ''
  let isOver = false
  let heard = Promise.withResolvers<void>()
  const hear = (chunk: string) => {
    said += chunk
    heard.resolve()
    heard = Promise.withResolvers()
  }
  child.stderr!.setEncoding('utf8').on('data', hear)
  if (hearsOutput === true) child.stdout!.setEncoding('utf8').on('data', hear)
  async function hears<Heard>(what: string, listen: () => Heard): Promise<NonNullable<Heard>> {
    for (let found = listen(); ; found = listen()) {
      if (found) return found
      if (isOver) throw new Error(`it ended without saying ${what}:\n${said}`)
      await heard.promise
    }
  }
  const says = async (words: string) => void (await hears(`"${words}"`, () => said.includes(words)))
  const stdout = unreadUntil === undefined ? text(child.stdout!) : says(unreadUntil).then(() => text(child.stdout!))
  // One that ends without those words is heard to its end all the same.
  child.once('exit', () => void child.stdout!.resume())
  const ended = once(child, 'close').then(async ([code]): Promise<Ended> => {
    hasEnded()
    isOver = true
    heard.resolve()
    return { code: code as number | null, stdout: await stdout, stderr: said }
  })
  return {
    says,
    finds: (pattern) => hears(String(pattern), () => pattern.exec(said)?.[0]),
    signal: (name) => child.kill(name),
    ended,
  }
}

/** Runs a command to its end. */
export function millrace(...words: string[]): Promise<Ended> {
  return startMillrace(words).ended
}
