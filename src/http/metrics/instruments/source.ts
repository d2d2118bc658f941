import { type Class, classes, type PartitionAccount } from '../../../streams/index.ts'
import type { Instrument } from '../instrument.ts'

/** What is consumed, partition by partition. */
export const sourceInstruments: readonly Instrument[] = [
  {
    name: 'millrace.source.records',
    kind: 'counter',
    unit: '{record}',
    labels: ['topic', 'partition', 'outcome'],
    help: 'Consumed offsets by what became of them, since the program first started, in this process or others; of the active process. Dead letters count as such also when they have been redriven.',
    read: ({ inspection }) =>
      inspection.partitions.flatMap((account) =>
        classes.map((outcome) => ({
          labels: { topic: account.topic, partition: String(account.partition), outcome: snakeCase(outcome) },
          value: countOf(account, outcome),
        })),
      ),
  },
  perPartition('millrace.source.pending', '{record}', 'Pending parts by the partition that they came from.', 'pending'),
  perPartition(
    'millrace.source.offset',
    '{offset}',
    'Offset to consume next, as of the last committed epoch.',
    'nextOffset',
  ),
  perPartition(
    'millrace.source.end',
    '{offset}',
    'Offset after the last record that may be read, asked for when metrics are.',
    'endOffset',
  ),
  perPartition('millrace.source.lag', '{record}', 'Records that are not consumed and committed.', 'lag'),
  {
    name: 'millrace.source.delay',
    kind: 'gauge',
    unit: 's',
    labels: ['topic', 'partition'],
    help: 'The lag in time: how old the last consumed record is, by its timestamp; 0 where there is none to consume.',
    read: ({ inspection }) =>
      inspection.partitions.flatMap(({ topic, partition, delayMs }) =>
        delayMs === undefined ? [] : [{ labels: { topic, partition: String(partition) }, value: delayMs / 1_000 }],
      ),
  },
  {
    name: 'millrace.source.io',
    kind: 'counter',
    unit: 'By',
    labels: [],
    help: 'Bytes of record batches that this process has read from sources.',
    read: ({ inspection }) => [{ value: inspection.report.statistics.sourceBytes }],
  },
]

type PartitionFigure = 'pending' | 'nextOffset' | 'endOffset' | 'lag'

function perPartition(name: string, unit: string, help: string, figure: PartitionFigure): Instrument {
  return {
    name,
    kind: 'gauge',
    unit,
    labels: ['topic', 'partition'],
    help,
    read: ({ inspection }) =>
      inspection.partitions.map((account) => ({
        labels: { topic: account.topic, partition: String(account.partition) },
        value: account[figure],
      })),
  }
}

/** A counter never goes back, and what is redriven is a dead letter no more. */
function countOf(account: PartitionAccount, outcome: Class): number {
  return outcome === 'deadLettered' ? account.deadLettered + account.redriven : account[outcome]
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
