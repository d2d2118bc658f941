import type { Origin } from '../topics/source-partitions.ts'

/**
 * Says of a routed part whose record was redriven where that was in its source, as `topic/partition/offset`, and with a
 * flatMap `/index`: the place that a part has beside its side is that of the redriven letter.
 */
export const recordHeader = 'millrace.record'

export function encodeRecordPlace(place: Origin): Uint8Array {
  return Buffer.from(placeText(place))
}

export function readRecordPlace(bytes: Uint8Array): Origin {
  return placeOfText(Buffer.from(bytes).toString())
}

/** Several of them, as text. */
export function encodeRecordPlaces(places: readonly Origin[]): string {
  return places.map(placeText).join(' ')
}

export function readRecordPlaces(text: string): Origin[] {
  return text.split(' ').map(placeOfText)
}

function placeText({ topic, partition, offset, index }: Origin): string {
  return [topic, partition, offset, ...(index === undefined ? [] : [index])].join('/')
}

function placeOfText(text: string): Origin {
  const [topic = '', partition, offset, index] = text.split('/')
  const lane = index === undefined ? {} : { index: Number(index) }
  return { topic, partition: Number(partition), offset: Number(offset), ...lane }
}
