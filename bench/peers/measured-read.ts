/** What every reading peer prints: one line of JSON. */
export interface ReadMeasurement {
  records: number
  /** From the first fetch request to the last batch handed over. */
  seconds: number
  /** From the start of the process to the same moment. */
  secondsFromStart: number
  cpuSeconds: number
  peakRssBytes: number
}

/** Starts the clock at the first fetch and prints the measurement when all records have been handed over. */
export class ReadClock {
  readonly #total: number
  readonly #onDone: () => void
  #records = 0
  #firstFetchMs = 0
  #cpu = process.cpuUsage()

  constructor(total: number, onDone: () => void) {
    this.#total = total
    this.#onDone = onDone
  }

  fetching(): void {
    if (this.#firstFetchMs > 0) return
    this.#firstFetchMs = performance.now()
    this.#cpu = process.cpuUsage()
  }

  handedOver(records: number): void {
    this.#records += records
    if (this.#records < this.#total) return
    const nowMs = performance.now()
    const { user, system } = process.cpuUsage(this.#cpu)
    const measurement: ReadMeasurement = {
      records: this.#records,
      seconds: (nowMs - this.#firstFetchMs) / 1_000,
      secondsFromStart: nowMs / 1_000,
      cpuSeconds: (user + system) / 1e6,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    }
    console.log(JSON.stringify(measurement))
    this.#onDone()
  }
}
