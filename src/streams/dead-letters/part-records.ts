import { MillraceError } from '../../core/errors.ts'
import type { RecordColumns } from '../../kernel/index.ts'
import { coldPlacesOf, wantedOf } from '../cold/cold-places.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { Ports } from '../runtime/ports.ts'
import type { Services } from '../runtime/services.ts'
import { type RecordOfPart, recordOfPart } from '../tasks/record-of-part.ts'
import { recordsOf } from '../topics/record-reader.ts'
import type { OffsetsOfParts, RecordOf } from './waiting-letters.ts'

/** How often parts are looked for again that their topic has dropped meanwhile, because they are promoted. */
const lossesMax = 3

/**
 * Looks up the records that routed parts were made from, by reading the parts once more, from their topic or from the
 * checkpoint. They are pending in the last committed epoch or came after it, so both keep what is needed.
 * Cost: a read for each part, or for several that are close together; nothing for records that are merged.
 */
export class PartRecords {
  readonly #services: Services
  readonly #session: RestoringSession
  readonly #ports: Pick<Ports, 'sourceLog' | 'promotedParts'>
  readonly #signal: AbortSignal

  /** @param signal - That of the operator that asks. */
  constructor(
    services: Services,
    session: RestoringSession,
    ports: Pick<Ports, 'sourceLog' | 'promotedParts'>,
    signal: AbortSignal,
  ) {
    this.#services = services
    this.#session = session
    this.#ports = ports
    this.#signal = signal
  }

  /** Of a part that somebody has deleted, the record is not known. */
  async find(wanted: OffsetsOfParts): Promise<RecordOf> {
    const found = new Map<string, RecordOfPart>()
    for (let losses = 0; (await this.#read(wanted, found)) && losses < lossesMax; losses++);
    return ({ partition, offset }) => found.get(nameOf(partition, offset))
  }

  /** Returns whether the topic had dropped some. */
  async #read(wanted: OffsetsOfParts, found: Map<string, RecordOfPart>): Promise<boolean> {
    const { plan, topics, options } = this.#services
    const { sourceLog, promotedParts } = this.#ports
    const session = this.#session
    const visit = recordsOf(options, (columns) => this.#take(columns, wanted.get(columns.partition)!, found))
    const places = await coldPlacesOf(recallOf(wanted), { plan, session, areCompacted: topics.areCompacted, sourceLog })
    let areLost = false
    for (const { number, source, partition, first, end } of places.inSources) {
      const topic = session.sources.topics[source]!
      try {
        await sourceLog.readPieces(topic, { partition, first, end }, (piece) => visit({ ...piece, partition: number }))
      } catch (error) {
        if (!MillraceError.is(error) || error.code !== 'KAFKA_OFFSET_LOST') throw error
        areLost = true
      }
      this.#signal.throwIfAborted()
    }
    if (places.promoted.size > 0) {
      await promotedParts(session.state.promoted.places, wantedOf(places.promoted), visit)
      this.#signal.throwIfAborted()
    }
    return areLost
  }

  #take(columns: RecordColumns, offsets: ReadonlySet<number>, found: Map<string, RecordOfPart>): void {
    for (let row = 0; row < columns.count; row++) {
      const offset = columns.offset[row]!
      const record = offsets.has(offset) ? recordOfPart(columns, row, this.#services.topics.recordPlaces!) : undefined
      if (record !== undefined) found.set(nameOf(columns.partition, offset), record)
    }
  }
}

/** Routed parts are read as they are, those of all sides alike. */
function recallOf(wanted: OffsetsOfParts) {
  const entries = Array.from(wanted, ([number, offsets]) => {
    return [number, new Map(Array.from(offsets, (offset) => [offset, 0]))] as const
  })
  return { wanted: new Map(entries) }
}

function nameOf(partition: number, offset: number): string {
  return `${partition}/${offset}`
}
