import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

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
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

/** Starts the command line in a process of its own, as a user does. */
export function startMillrace(words: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [main, ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  let said = ''
  let isOver = false
  let heard = Promise.withResolvers<void>()
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
    heard.resolve()
    heard = Promise.withResolvers()
  })
  const stdout = text(child.stdout)
  const ended = once(child, 'close').then(async ([code]): Promise<Ended> => {
    process.off('exit', killAtExit)
    isOver = true
    heard.resolve()
    return { code: code as number | null, stdout: await stdout, stderr: said }
  })
  return {
    async says(words) {
      while (!said.includes(words)) {
        if (isOver) throw new Error(`it ended without saying "${words}":\n${said}`)
        await heard.promise
      }
    },
    signal: (name) => child.kill(name),
    ended,
  }
}

/** Runs a command to its end. */
export function millrace(...words: string[]): Promise<Ended> {
  return startMillrace(words).ended
}
