/**
 * The source partitions of which there is more to read, by the last that was read of each. Brokers tell with what they
 * give how far a log goes, so one that has been read to its end may have grown since.
 */
export class PartitionsBehind {
  readonly #partitions = new Set<number>()

  note(partition: number, isBehind: boolean): void {
    if (isBehind) this.#partitions.add(partition)
    else this.#partitions.delete(partition)
  }

  get areNone(): boolean {
    return this.#partitions.size === 0
  }
}
