import type { TracedState } from './open-telemetry-tracer.ts'

/** A `tracestate` as it came, in which a sampler may look, and set what is its own. */
export class TraceState implements TracedState {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get(key: string): string | undefined {
    return this.#members().find(([name]) => name === key)?.[1]
  }

  /** What is new or changed comes first. */
  set(key: string, value: string): TraceState {
    return of([[key, value], ...this.#others(key)])
  }

  unset(key: string): TraceState {
    return of(this.#others(key))
  }

  serialize(): string {
    return this.#text
  }

  #others(key: string): [string, string][] {
    return this.#members().filter(([name]) => name !== key)
  }

  #members(): [key: string, value: string][] {
    return this.#text
      .split(',')
      .map((member) => member.trim())
      .filter((member) => member.includes('='))
      .map((member) => [member.slice(0, member.indexOf('=')), member.slice(member.indexOf('=') + 1)])
  }
}

function of(members: readonly (readonly [string, string])[]): TraceState {
  return new TraceState(members.map((member) => member.join('=')).join(','))
}
