import { before, describe } from 'node:test'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { apacheKafka, type RunningBroker, skipWithoutKafka } from '../apache-kafka.ts'
import { FaultProxy } from './fault-proxy.ts'
import { suiteStack } from '../at-end.ts'

/** A broker under test, and ways to it on which things go wrong. */
export interface Target {
  readonly bootstrapServers: string
  startProxy(): Promise<FaultProxy>
}

export type Suite = (target: Target) => void

/** Runs the suites on the embedded broker, and on Apache Kafka where it can be started. */
export function onEachBroker(suites: readonly Suite[]): void {
  onBroker('embedded broker', false, () => startBroker(), suites)
  onBroker('Apache Kafka', skipWithoutKafka, apacheKafka, suites)
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
    const stack = suiteStack()
    before(async () => {
      broker = stack.use(await start())
      refuser = stack.use(await startBroker())
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
