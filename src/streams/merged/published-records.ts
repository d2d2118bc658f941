import { encodeHeader } from '../../kernel/index.ts'
import type { AddedHeaders } from './sink-records.ts'

/** Which record it is of those that a flatMap has made of a merge, from 0 on, and of how many: `1/3`. */
export const outputHeaderName = 'millrace.output'

/** What that header says. */
export interface OutputPlace {
  readonly index: number
  readonly of: number
}

export function readOutputPlace(header: Uint8Array): OutputPlace | undefined {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(Buffer.from(header).toString()) ?? []
  return of === undefined ? undefined : { index: Number(index), of: Number(of) }
}

/** A record that a merged record becomes. */
export interface Publishing {
  /** Index of its sink in the plan. */
  readonly sink: number
  /** Its value as JSON; null for none, undefined where it is to be written as it was merged. */
  readonly made: string | null | undefined
  /** Its key; null for none, undefined for that of the merge. */
  readonly key: Uint8Array | null | undefined
  readonly added: AddedHeaders
  /** Undefined for that of its key. */
  readonly partition: number | undefined
}

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] }

/** What a merged record becomes: one record, or as many as a flatMap makes. Their objects are used again. */
export class PublishedRecords {
  readonly #records: Mutable<Publishing>[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  clear(): void {
    this.#count = 0
  }

  add(
    sink: number,
    made: Publishing['made'],
    key: Publishing['key'],
    added: AddedHeaders,
    partition: Publishing['partition'],
  ): void {
    const record = (this.#records[this.#count++] ??= { sink, made, key, added, partition })
    record.sink = sink
    record.made = made
    record.key = key
    record.added = added
    record.partition = partition
  }

  /** Has each say which one it is. */
  number(): void {
    for (let index = 0; index < this.#count; index++) {
      const record = this.#records[index]!
      const header = encodeHeader(outputHeaderName, Buffer.from(`${index}/${this.#count}`))
      const { count, bytes } = record.added
      record.added = { count: count + 1, bytes: Buffer.concat([bytes, header]) }
    }
  }

  at(index: number): Publishing {
    return this.#records[index]!
  }
}
