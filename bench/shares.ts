import { spreadOf, spreadText } from './statistics.ts'

interface Measured {
  readonly correlationRate: number
  readonly cpuSeconds: number
}

/** Rates and CPU of programs as shares of those of another one, each of the same round. */
export class Shares {
  readonly #rates = new Map<string, number[]>()
  readonly #cpus = new Map<string, number[]>()

  constructor(names: Iterable<string>) {
    for (const name of names) {
      this.#rates.set(name, [])
      this.#cpus.set(name, [])
    }
  }

  add(name: string, run: Measured, beside: Measured): void {
    this.#rates.get(name)!.push(run.correlationRate / beside.correlationRate)
    this.#cpus.get(name)!.push(run.cpuSeconds / beside.cpuSeconds)
  }

  /** @param of - What they are shares of: `of that of the experiment`. */
  print(of: string, digits: number): void {
    for (const [name, rates] of this.#rates) {
      const [rate, cpu] = [rates, this.#cpus.get(name)!].map((ratios) => spreadText(spreadOf(ratios), digits))
      console.log(`${name}: rate ${rate} ${of}, CPU ${cpu}`)
    }
  }
}
