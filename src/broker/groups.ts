import { CommittedOffsets } from './committed-offsets.ts'

/** A consumer group. */
export class Group {
  readonly id: string
  readonly offsets = new CommittedOffsets()

  constructor(id: string) {
    this.id = id
  }
}

export class Groups {
  readonly #groups = new Map<string, Group>()

  get(id: string): Group | undefined {
    return this.#groups.get(id)
  }

  getOrCreate(id: string): Group {
    const group = this.#groups.get(id) ?? new Group(id)
    this.#groups.set(id, group)
    return group
  }

  /** Forgets what all groups committed to a topic that is gone. */
  deleteTopic(topic: string): void {
    for (const group of this.#groups.values()) group.offsets.deleteTopic(topic)
  }
}
