import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { numberOf } from './keys.ts'
import { cpuMsOf } from '../process-cpu.ts'
import type { StoreVariant } from './store-variant.ts'

const project = join(import.meta.dirname, 'lever')
const target = join(import.meta.dirname, '../../.cache/lever')

export const hasCargo = spawnSync('cargo', ['--version']).status === 0

/** The table of Lever 0.1.4 in a process of its own, whose CPU counts; the keys are there before. */
export async function overLever(keys: readonly string[], keyKind: 'text' | 'number'): Promise<StoreVariant> {
  const options = ['--release', '--locked', '--manifest-path', join(project, 'Cargo.toml'), '--target-dir', target]
  execFileSync('cargo', ['build', '--quiet', ...options], { stdio: ['ignore', 'inherit', 'ignore'] })
  const lever = spawn(join(target, 'release/lever-store'), [keyKind], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface(lever.stdout)[Symbol.asyncIterator]()
  const ended = once(lever, 'exit')
  const given = keyKind === 'text' ? keys : keys.map(numberOf)
  lever.stdin.write(`${given.join('\n')}\n\n`)
  const take = async (step: string) => {
    lever.stdin.write(`${step}\n`)
    if ((await answers.next()).done === true) throw new Error(`Lever has ended within ${step}`)
  }
  return {
    insert: () => take('insert'),
    get: () => take('get'),
    update: () => take('update'),
    transact: () => take('transact'),
    transactHeld: () => take('transactHeld'),
    remove: () => take('remove'),
    serverCpuMs: () => cpuMsOf(lever.pid!),
    async [Symbol.asyncDispose]() {
      lever.stdin.end()
      await ended
    },
  }
}
