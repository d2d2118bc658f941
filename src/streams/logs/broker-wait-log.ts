import type { Clock } from '../../core/clock.ts'
import { BrokerWaits } from '../../kafka/index.ts'
import type { ProgramEvents } from '../events/program-events.ts'
import type { Logger } from './logger.ts'

/**
 * Waits for brokers that a program logs: within two seconds, once a minute, and when they are over.
 *
 * @param events - Are told when they begin and end.
 */
export function loggedWaits(app: string, logger: Logger, clock: Clock, events?: ProgramEvents): BrokerWaits {
  let isLost = false
  return new BrokerWaits({
    clock,
    onWaiting({ waitingFor, sinceMs, error }) {
      const facts = { app, waitingFor, since: new Date(sinceMs).toISOString(), ...(error && { err: error }) }
      logger.warn(facts, 'waiting for Kafka')
      if (!isLost) events?.tell('brokerLost', () => ({ waitingFor, sinceMs, ...(error && { error }) }))
      isLost = true
    },
    onOver(given) {
      const waitedMs = Math.round(given)
      isLost = false
      logger.info({ app, waitedMs }, 'Kafka answers again')
      events?.tell('brokerFound', () => ({ waitedMs }))
    },
  })
}
