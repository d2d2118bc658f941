import type { DeadLetter, Engine, Written } from '../streams/index.ts'

/** A record that a topology has published. */
export interface DrivenRecord<Value> {
  /** The topic that it has gone to. */
  readonly topic: string
  /** The merge key, as the key of the record has it, or what the sink has for a key; empty for none. */
  readonly key: string
  /**
   * The record's value: the parts by the names of their sides, and the key by that of its field, or what a map has made
   * of them. Of a tombstone it is null.
   */
  readonly value: Value
  /** The same as it stands in the record, byte for byte; empty for a tombstone. */
  readonly text: string
  readonly partition: number
  readonly timestampMs: number
  /** As text, by name. */
  readonly headers: Readonly<Record<string, string>>
}

/** A record that the topology could not use, as it came, with what was wrong with it. */
export interface DrivenDeadLetter extends DeadLetter {
  /** The value of the record; undefined for a tombstone, and for a record that is only referred to. */
  readonly text: string | undefined
}

/** The merged records that the last of some subtopologies has published, in their order. */
export function mergedOf<Value>(engines: readonly Engine[]): DrivenRecord<Value>[] {
  return writtenBy(engines.slice(-1), 'merged').map((each) => publishedOf<Value>(each))
}

/** The rows that have left incomplete, wherever they have gone. */
export function expiredOf<Value>(engines: readonly Engine[]): DrivenRecord<Value>[] {
  return writtenBy(engines, 'expired').map((each) => publishedOf<Value>(each))
}

/** The dead letters but those of rows that have expired. */
export function deadLettersOf(engines: readonly Engine[]): DrivenDeadLetter[] {
  return writtenBy(engines, 'deadLetter').map(([, { letter, value }]) => ({ ...letter!, text: value }))
}

type Published = readonly [engine: Engine, record: Written]

function writtenBy(engines: readonly Engine[], kind: ReturnType<Engine['kindOf']>): Published[] {
  return engines.flatMap((engine) =>
    engine.kafka.written
      .filter((record) => engine.kindOf(record) === kind)
      .map((record): Published => [engine, record]),
  )
}

function publishedOf<Value>([engine, record]: Published): DrivenRecord<Value> {
  const { key = '', value, partition, timestampMs, headers } = record
  const topic = engine.topicOf(record)
  const parsed = JSON.parse(value ?? 'null') as Value
  return { topic, key, value: parsed, text: value ?? '', partition, timestampMs, headers }
}
