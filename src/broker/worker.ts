/** Entry of the thread that runs an embedded broker. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { JumpingClock } from './jumping-clock.ts'
import { BrokerServer } from './server.ts'
import type { BrokerTopic, Call, Failure, Reply, WorkerOptions } from './thread.ts'

const options = workerData as WorkerOptions
const asker = parentPort!
const tell = (reply: Reply) => asker.postMessage(reply)

const clock = new JumpingClock(systemClock)

try {
  const server = await BrokerServer.listen({ ...options, clock, random: systemRandom })
  asker.on('message', (call: Call) => void answer(server, call))
  tell({ kind: 'listening', port: server.cluster.node.port })
} catch (error) {
  tell({ kind: 'failed', id: undefined, failure: listenFailure(error as Error) })
}

async function answer(server: BrokerServer, call: Call): Promise<void> {
  const { id } = call
  switch (call.method) {
    case 'createTopic': {
      const failure = createTopic(server, call.topic)
      return tell(failure === undefined ? { kind: 'done', id } : { kind: 'failed', id, failure })
    }
    case 'injectFault':
      server.faults.add(call.fault)
      return tell({ kind: 'done', id })
    case 'jump':
      await clock.jump(call.ms)
      return tell({ kind: 'done', id })
    case 'suspend':
      await server.close()
      return tell({ kind: 'done', id })
    case 'resume':
      return server.reopen().then(
        () => tell({ kind: 'done', id }),
        (error: Error) => tell({ kind: 'failed', id, failure: listenFailure(error) }),
      )
    case 'stop':
      await server.close()
      tell({ kind: 'done', id })
      asker.close()
  }
}

function listenFailure({ message }: Error): Failure {
  const { host, port } = options
  return { code: 'BROKER_LISTEN_FAILED', message, details: { host, port } }
}

function createTopic(
  { cluster }: BrokerServer,
  { name, partitions = 1, config = {} }: BrokerTopic,
): Failure | undefined {
  const topic = {
    name,
    partitionCount: partitions,
    config: Object.entries(config).map(([key, value]) => ({ name: key, value })),
  }
  const refusal = cluster.topics.check(topic)
  if (refusal === undefined) {
    cluster.topics.create(topic)
    return undefined
  }
  const details = { topic: name, kafkaErrorCode: refusal.error }
  return { code: 'BROKER_TOPIC_REFUSED', message: refusal.message, details }
}
