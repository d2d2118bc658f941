import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { cpuMsOf } from '../process-cpu.ts'
import { expect, type StoreVariant } from './store-variant.ts'

const server = '/usr/bin/redis-server'

export const hasRedis = existsSync(server)

/** Requests that are sent before the first is answered. */
const requestsAhead = 1_000
/** Redis has no read within a transaction but by a script. */
const addOne = `redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]) + 1)`

/** A server of its own that keeps nothing on the disk, over a socket; its CPU counts. */
export async function overRedis(keys: readonly string[]): Promise<StoreVariant> {
  const folder = mkdtempSync(join(tmpdir(), 'state-bench-'))
  const socket = join(folder, 'redis.sock')
  const options = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder]
  const redis = spawn(server, options, { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const output of redis.stdout) if (String(output).includes('ready to accept connections')) break
  const client = await createClient({ socket: { path: socket, tls: false } }).connect()
  const script = await client.scriptLoad(addOne)
  const inPipelines = async (request: (key: string, index: number) => Promise<unknown>) => {
    for (let at = 0; at < keys.length; at += requestsAhead)
      await Promise.all(keys.slice(at, at + requestsAhead).map((key, index) => request(key, at + index)))
  }
  return {
    insert: () => inPipelines((key, index) => client.set(key, index)),
    get: () => inPipelines(async (key, index) => expect(Number(await client.get(key)), index)),
    update: () => inPipelines((key, index) => client.set(key, index + 1)),
    transact: () => inPipelines((key) => client.evalSha(script, { keys: [key] })),
    remove: () => inPipelines((key) => client.del(key)),
    serverCpuMs: () => cpuMsOf(redis.pid!),
    async [Symbol.asyncDispose]() {
      client.destroy()
      const ended = once(redis, 'exit')
      redis.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}
