import { after, before, describe } from 'node:test'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { javaAndMavenAvailable, startKafka } from '../../tools/kafka/start.ts'
import { FaultProxy } from './fault-proxy.ts'

/** A broker under test, and ways to it on which things go wrong. */
export interface Target {
  readonly bootstrapServers: string
  startProxy(): Promise<FaultProxy>
}

export type Suite = (target: Target) => void

const runningKafka = process.env['MILLRACE_KAFKA']
const isJavaThere = await javaAndMavenAvailable()

/** What `skip` says of tests that start an Apache Kafka of their own. */
export const skipWithoutJava = isJavaThere === true ? false : isJavaThere

/** Runs the suites on the embedded broker, and on Apache Kafka where it can be started. */
export function onEachBroker(suites: readonly Suite[]): void {
  onBroker('embedded broker', false, () => startBroker(), suites)
  onBroker(
    'Apache Kafka',
    runningKafka === undefined ? skipWithoutJava : false,
    () => (runningKafka === undefined ? startKafka() : attach(runningKafka)),
    suites,
  )
}

interface RunningBroker extends AsyncDisposable {
  readonly bootstrapServers: string
}

function onBroker(
  name: string,
  skip: string | false,
  start: () => Promise<RunningBroker>,
  suites: readonly Suite[],
): void {
  void describe(name, { skip, concurrency: 4 }, () => {
    let broker: RunningBroker
    let refuser: Broker
    before(async () => {
      broker = await start()
      refuser = await startBroker()
    })
    after(async () => {
      await refuser.stop()
      await broker[Symbol.asyncDispose]()
    })
    const target: Target = {
      get bootstrapServers() {
        return broker.bootstrapServers
      },
      startProxy: () => FaultProxy.start(broker.bootstrapServers, refuser),
    }
    for (const suite of suites) suite(target)
  })
}

async function attach(bootstrapServers: string): Promise<RunningBroker> {
  return { bootstrapServers, [Symbol.asyncDispose]: async () => {} }
}
