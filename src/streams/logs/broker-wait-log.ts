import type { Clock } from '../../core/clock.ts'
import { BrokerWaits } from '../../kafka/index.ts'
import type { Logger } from './logger.ts'

/** Waits for brokers that a program logs: within two seconds, once a minute, and when they are over. */
export function loggedWaits(app: string, logger: Logger, clock: Clock): BrokerWaits {
  return new BrokerWaits({
    clock,
    onWaiting({ waitingFor, sinceMs, error }) {
      const facts = { app, waitingFor, since: new Date(sinceMs).toISOString(), ...(error && { err: error }) }
      logger.warn(facts, 'waiting for Kafka')
    },
    onOver: (waitedMs) => logger.info({ app, waitedMs: Math.round(waitedMs) }, 'Kafka answers again'),
  })
}
