import type { RowFunction } from '../functions/row-function.ts'
import { type LostDigits, lostDigitsNotice } from '../functions/function-values.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import type { Crew, Finder } from './crew.ts'
import { RowsElsewhere } from './rows-elsewhere.ts'

interface PlacedFacts<Rows> {
  readonly crew: Crew
  /** Index of the function among those of the crew. */
  readonly index: number
  readonly rowsOf: (batch: RowBatch) => Rows
}

/** The function of an operator that is called on worker threads. */
export class PlacedFunction<Rows extends RowFunction = RowFunction> {
  readonly #session: RestoringSession
  readonly #facts: PlacedFacts<Rows>
  readonly #onLostDigits: (lost: LostDigits) => void
  readonly #ahead = new WeakMap<RowBatch, RowsElsewhere<Rows>>()

  constructor(services: Services, session: RestoringSession, facts: PlacedFacts<Rows>) {
    this.#session = session
    this.#facts = facts
    this.#onLostDigits = lostDigitsNotice(services, session, facts.crew.functions[facts.index]!.operator)
  }

  /** Has the rows of a batch asked that is on its way to the operator, which may be at another one. */
  begin(batch: RowBatch, finder: Finder): void {
    this.#ahead.set(batch, this.#rowsElsewhere(batch, finder))
  }

  /** The rows of a batch that has come. A batch that comes again, after a crash, is asked anew. */
  take(batch: RowBatch, finder: Finder): RowsElsewhere<Rows> {
    const ahead = this.#ahead.get(batch)
    this.#ahead.delete(batch)
    return ahead ?? this.#rowsElsewhere(batch, finder)
  }

  #rowsElsewhere(batch: RowBatch, finder: Finder): RowsElsewhere<Rows> {
    const { sources, lives } = this.#session
    const { crew, index, rowsOf } = this.#facts
    const { incarnation } = batch
    return new RowsElsewhere(rowsOf(batch), {
      crew,
      function: index,
      place: sources.partitions.placeOf(batch.columns.partition),
      isOver: () => lives.incarnation !== incarnation,
      finder,
      onLostDigits: this.#onLostDigits,
    })
  }
}
