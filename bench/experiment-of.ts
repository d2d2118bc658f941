import type * as Millrace from '../src/streams/index.ts'

export interface ExperimentNames {
  readonly app: string
  readonly source: string
  readonly sink: string
  /** Absent for the layout `single`, also where a version knows no other. */
  readonly layout?: Millrace.TopologyOptions['layout'] | undefined
}

/** The experiment as a program of some version of Millrace. */
export function experimentOf(
  { field, stage, topology }: Pick<typeof Millrace, 'field' | 'stage' | 'topology'>,
  { app, source, sink, layout }: ExperimentNames,
) {
  const part = field('part')
  return (layout === undefined ? topology(app) : topology(app, { layout }))
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
    .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
    .sink(sink)
}
