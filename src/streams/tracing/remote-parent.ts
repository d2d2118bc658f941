import type { ParentContext, TracedSpanContext } from './open-telemetry-tracer.ts'

/** The key under which a context of OpenTelemetry has its span. Its packages of all versions find it by this name. */
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN')

/** A context in which the span of another process is the current one, and nothing else is. */
export function remoteParent(context: TracedSpanContext): ParentContext {
  return new Values(new Map([[spanKey, { spanContext: () => context, isRecording: () => false }]]))
}

class Values implements ParentContext {
  readonly #values: ReadonlyMap<symbol, unknown>

  constructor(values: ReadonlyMap<symbol, unknown>) {
    this.#values = values
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key)
  }

  setValue(key: symbol, value: unknown): ParentContext {
    return new Values(new Map([...this.#values, [key, value]]))
  }

  deleteValue(key: symbol): ParentContext {
    return new Values(new Map([...this.#values].filter(([other]) => other !== key)))
  }
}
