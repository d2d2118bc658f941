/** The thread that runs an embedded broker. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../core/clock.ts'
import type { ErrorDetails } from '../core/errors.ts'
import { systemRandom } from '../core/random.ts'
import { ofGroup, ofTransaction } from './coordinators.ts'
import { JumpingClock } from './jumping-clock.ts'
import { BrokerServer } from './server.ts'
import type { BrokerTopic, Call, CoordinatorMove, Failure, LeaderMove, Reply, WorkerOptions } from './thread.ts'

const options = workerData as WorkerOptions
const asker = parentPort!
const tell = (reply: Reply) => asker.postMessage(reply)

const clock = new JumpingClock(systemClock)

try {
  const server = await BrokerServer.listen({
    ...options,
    clock,
    random: systemRandom,
    ...(options.tellsRequests && { onRequest: (request) => tell({ kind: 'requested', request }) }),
  })
  server.cluster.logCleaner.start()
  asker.on('message', (call: Call) => void answer(server, call))
  tell({ kind: 'listening', port: server.cluster.controller.port })
} catch (error) {
  tell({ kind: 'failed', id: undefined, failure: listenFailure(error as Error) })
}

async function answer(server: BrokerServer, call: Call): Promise<void> {
  const { id } = call
  switch (call.method) {
    case 'createTopic':
      return tellOutcome(id, createTopic(server, call.topic))
    case 'cleanLogs':
      await server.cluster.logCleaner.run(call.topic)
      return tell({ kind: 'done', id })
    case 'injectFault':
      server.faults.add(call.fault)
      return tell({ kind: 'done', id })
    case 'moveLeader':
      return tellOutcome(id, moveLeader(server, call.move))
    case 'moveCoordinator':
      return tellOutcome(id, moveCoordinator(server, call.move))
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
      asker.unref()
  }
}

function tellOutcome(id: number, failure: Failure | undefined): void {
  tell(failure === undefined ? { kind: 'done', id } : { kind: 'failed', id, failure })
}

function moveLeader({ cluster }: BrokerServer, { topic, partition, to }: LeaderMove): Failure | undefined {
  const moved = cluster.topics.partition(topic, partition)
  if (moved === undefined) return moveFailure(`there is no partition ${partition} of ${topic}`, { topic, partition })
  if (!cluster.hasNode(to)) return moveFailure(`there is no broker ${to}`, { broker: to })
  moved.moveLeader(to)
  return undefined
}

function moveCoordinator({ cluster }: BrokerServer, move: CoordinatorMove): Failure | undefined {
  const { to } = move
  if (!cluster.hasNode(to)) return moveFailure(`there is no broker ${to}`, { broker: to })
  cluster.coordinators.move('groupId' in move ? ofGroup(move) : ofTransaction(move), to)
  return undefined
}

function moveFailure(message: string, details: ErrorDetails): Failure {
  return { code: 'BROKER_MOVE_REFUSED', message, details }
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
