/** What is used of a tracer of OpenTelemetry; `trace.getTracer(…)` of `@opentelemetry/api` gives one. */
export interface OpenTelemetryTracer {
  startSpan(name: string, options?: TracedSpanOptions, parent?: ParentContext): TracedSpan
}

/** How a span is begun. */
export interface TracedSpanOptions {
  kind?: number
  attributes?: Record<string, string | number>
  links?: { context: TracedSpanContext; attributes?: Record<string, string | number> }[]
  /** A small number would be a time since the start of the process. */
  startTime?: Date
}

/** What is used of a span. */
export interface TracedSpan {
  spanContext(): TracedSpanContext
  isRecording(): boolean
  addEvent(name: string, attributes: Record<string, string | number>, time: Date): unknown
  setAttribute(name: string, value: number): unknown
  end(time: Date): void
}

/** What names a span, in this process or another. */
export interface TracedSpanContext {
  traceId: string
  spanId: string
  traceFlags: number
  isRemote?: boolean
  traceState?: TracedState
}

/** The members of a `tracestate`, the newest first. */
export interface TracedState {
  get(key: string): string | undefined
  set(key: string, value: string): TracedState
  unset(key: string): TracedState
  serialize(): string
}

/** What a span has as its parent, as `Context` of OpenTelemetry. */
export interface ParentContext {
  getValue(key: symbol): unknown
  setValue(key: symbol, value: unknown): ParentContext
  deleteValue(key: symbol): ParentContext
}
