import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { Cluster } from '../../kafka/index.ts'

const main = join(import.meta.dirname, '../main.ts')

/** Runs the command line; the process does not outlive the test. */
function millrace(...words: string[]) {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  return Object.assign(child, { ended, [Symbol.dispose]: () => child.kill('SIGKILL') })
}

describe('millrace broker', () => {
  it('serves the topics it is told to, until it is interrupted', async () => {
    using broker = millrace('broker', '--port', '0', '--topics', 'orders:3,payments', '--json')
    const [line] = (await once(broker.stdout, 'data')) as [Buffer]
    const cluster = new Cluster(JSON.parse(line.toString()) as { bootstrapServers: string })

    const topics = await cluster.topics(['orders', 'payments'])
    await cluster.close()
    broker.kill('SIGINT')

    assert.deepEqual(
      topics.map(({ partitions }) => partitions.length),
      [3, 1],
    )
    assert.deepEqual(await broker.ended, [0, null])
  })

  it('refuses topics that it cannot read', async () => {
    using broker = millrace('broker', '--port', '0', '--topics', 'orders:many')

    const complaint = await text(broker.stderr)

    assert.match(complaint, /CONFIG_INVALID_VALUE: --topics takes name:partitions, not "orders:many"/)
    assert.deepEqual(await broker.ended, [2, null])
  })
})
