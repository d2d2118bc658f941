import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startBroker } from '../../src/broker/index.ts'
import { streamsClasspath } from '../../tools/kafka/jars.ts'
import { quickJava } from '../../tools/kafka/quick-java.ts'
import { skipWithoutJava } from '../apache-kafka.ts'
import { suiteStack } from '../at-end.ts'
import { versionsSeenBy } from '../protocol/seen-versions.ts'
import { Arrivals } from './arrivals.ts'

const run = promisify(execFile)
const groupConfig = {
  'streams.heartbeat.interval.ms': 50,
  'streams.assignment.interval.ms': 0,
  'streams.initial.rebalance.delay.ms': 0,
}
const topics = [{ name: 'words', partitions: 4 }, { name: 'counted' }]

describe('an application of Kafka Streams', { skip: skipWithoutJava, timeout: 120_000 }, () => {
  const stack = suiteStack()
  const onRequest = versionsSeenBy("Java's clients", stack)

  it('counts exactly once as a streams group (KIP-1071), of which a member leaves', async () => {
    await using broker = await startBroker({ topics, groupConfig, onRequest })
    const java = ['-Xmx192m', ...(await quickJava({ classes: await streamsClasspath() }))]
    const program = join(import.meta.dirname, 'java/StreamsApplication.java')
    const application = stack.adopt(spawn('java', [...java, program, broker.bootstrapServers]), end)
    const seen = new Arrivals<string>()
    createInterface(application.stdout).on('line', seen.add)
    const toolNamed = async (what: string) => {
      const command = ['--bootstrap-server', broker.bootstrapServers, '--describe', '--group', 'counting', what]
      const { stdout } = await run('java', [...java, 'org.apache.kafka.tools.streams.StreamsGroupCommand', ...command])
      return stdout
    }

    await seen.until((lines) => lines.some((line) => line.startsWith('counted=')))
    const [members, state] = await Promise.all([toolNamed('--members'), toolNamed('--state')])
    application.stdin.end('\n')
    const [exitCode] = await once(application, 'exit')

    assert.deepEqual(seen.all, ['shared=4,4', 'counted=a2,b1,c1,d1', 'taken over=8', 'counted on=a3,b1,c2,d1'])
    assert.equal(exitCode, 0)
    for (const name of ['first', 'second'])
      assert.match(members, new RegExp(`${name}-StreamThread-1-consumer +ACTIVE: 0:`))
    assert.match(state, /counting +.*Stable +2/)
  })
})

function end(application: ChildProcess): void {
  application.kill('SIGKILL')
}
