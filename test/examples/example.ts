import type { Random } from '../../src/core/random.ts'
import type { Topology } from '../../src/streams/index.ts'

/** A program of `examples/`, with records for it and a naive model of what has to become of them. */
export interface Example {
  /** Its file in `examples/`, without the suffix. */
  readonly name: string
  readonly topology: Topology
  /** The time of day that has to pass after the last record until all has left that is to. @defaultValue 0 */
  readonly settleMs?: number
  /** Settings of its processes, as flags. @defaultValue none */
  readonly flags?: readonly string[]
  /** Reasons of which there has to be a dead letter in a campaign. @defaultValue none */
  readonly provokes?: readonly string[]
  /** Draws as many groups, whose records and results differ from one another by their bytes. */
  draw(random: Random, count: number): Group[]
}

/** Records that have to do with each other and with no others, such as all of one merge key. */
export interface Group {
  /** Those of one topic lie in one partition, in this order, with records of other groups between them. */
  readonly records: readonly GivenRecord[]
  /** What may become of them, for which the order of topics and the time that passes decide. Exactly one does. */
  readonly outcomes: readonly Outcome[]
}

/** A record of a source, by the name that the topic has in the example. */
export interface GivenRecord {
  readonly topic: string
  /** Null is a tombstone. */
  readonly value: string | Buffer | null
  readonly key?: string | Buffer
  readonly headers?: Readonly<Record<string, string | Buffer>>
  /** @defaultValue rises by ten seconds with each record that is written */
  readonly timestampMs?: number
}

export interface Outcome {
  /** Records of the sink, and of other topics that the program writes to. */
  readonly merged: readonly ExpectedRecord[]
  readonly deadLetters: readonly ExpectedLetter[]
}

export interface ExpectedRecord {
  /** By its name in the example. @defaultValue the sink */
  readonly topic?: string
  /** As text. */
  readonly key: string | null
  /** Byte for byte. */
  readonly value: string | null
  /** The headers `traceparent` and `tracestate`, with a space between them. @defaultValue none */
  readonly trace?: string
}

export interface ExpectedLetter {
  readonly reason: string
  /** The record that it is of, one of the group's; of an expired row that of its first side. */
  readonly record: GivenRecord
}
