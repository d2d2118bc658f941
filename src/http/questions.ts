import type { App, Explanation, InspectChoice, Inspection, KeptLetter, OnwardRecord } from '../streams/index.ts'

const masked = '(masked: httpPayloads is off)'

/** Questions that read topics are answered one at a time, and so many may wait. */
const waitingMax = 4

/** More wait already than may. */
export class TooManyQuestions extends Error {}

/**
 * What the server asks brokers for its visitors: one thing at a time, whoever asks how much. What it gives on of records
 * is masked unless payloads may be shown.
 */
export class Questions {
  readonly #showsPayloads: boolean
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(showsPayloads: boolean) {
    this.#showsPayloads = showsPayloads
  }

  /** Waits for no other question: it is asked of this process. */
  async inspect(app: App, choice?: InspectChoice): Promise<Inspection> {
    const inspection = await app.inspect(choice)
    return this.#showsPayloads ? inspection : maskPending(inspection)
  }

  audit(app: App): Promise<unknown> {
    return this.#inTurn(() => app.audit())
  }

  processes(app: App): Promise<unknown> {
    return this.#inTurn(() => app.processes())
  }

  async explain(app: App, key: string): Promise<Explanation> {
    const explanation = await this.#inTurn(() => app.explain(key))
    if (this.#showsPayloads) return explanation
    const deadLetters = explanation.deadLetters.map((found) => ({
      ...found,
      letter: { ...found.letter, cause: masked },
    }))
    const { onward } = explanation
    return { ...explanation, deadLetters, ...(onward && { onward: onward.map(maskOnward) }) }
  }

  async deadLetters(app: App, choice: { reason: string | undefined; limit: number }): Promise<KeptLetter[]> {
    const letters = await this.#inTurn(() => app.deadLetters(choice))
    return this.#showsPayloads ? letters : letters.map(maskLetter)
  }

  async #inTurn<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    if (this.#waiting >= waitingMax) throw new TooManyQuestions()
    this.#waiting++
    const answer = this.#last.then(ask)
    this.#last = answer.catch(() => {})
    try {
      return await answer
    } finally {
      this.#waiting--
    }
  }
}

/** The keys of what is pending, in all subtopologies. */
function maskPending(inspection: Inspection): Inspection {
  const { pending, next } = inspection
  return {
    ...inspection,
    ...(pending && { pending: { ...pending, oldest: pending.oldest.map((row) => ({ ...row, key: masked })) } }),
    ...(next && { next: maskPending(next) }),
  }
}

/** The keys of other correlations. */
function maskOnward({ published, onward, ...record }: OnwardRecord): OnwardRecord {
  return {
    ...record,
    published: published.map((each) => ({ ...each, key: masked })),
    ...(onward && { onward: onward.map(maskOnward) }),
  }
}

function maskLetter(letter: KeptLetter): KeptLetter {
  return {
    ...letter,
    cause: masked,
    ...(letter.key !== undefined && { key: masked }),
    ...(letter.value !== undefined && { value: masked }),
    headers: letter.headers.map(([name]) => [name, masked] as const),
  }
}
