import { cleaningContract } from './cleaning.contract.ts'
import { contract } from './target.ts'

/** Makes Kafka do within a second what it does in minutes. */
contract([cleaningContract], {
  'log.initial.task.delay.ms': '100',
  'log.retention.check.interval.ms': '200',
  'log.cleaner.backoff.ms': '100',
})
