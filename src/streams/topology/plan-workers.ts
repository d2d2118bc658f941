import { placeOfExport } from './on-workers.ts'
import { refuse } from './topology-checks.ts'
import type { Topology } from './topology.ts'

/** Fails where a function is to be on workers that does not run there, or what it needs is not with it. */
export function checkWorkers({ name, sources, correlate, steps, branch, sinks }: Topology): void {
  for (const { route, steps: own } of sources) {
    for (const [side, { part, schema }] of Object.entries(route.stages)) {
      const used = [typeof part === 'function' ? part : undefined, schema].filter((each) => each !== undefined)
      const placed = used.filter((each) => placeOfExport(each) !== undefined)
      if (placed.length === 0 || placed.length === used.length) continue
      refuse(name, `stage "${side}" has its function or its schema onWorkers and the other not; it takes both or none`)
    }
    refuseOnWorkers(name, route.id, [route.by])
    for (const step of own) if (step.kind === 'flatMap') refuseOnWorkers(name, step.id, [step.apply])
  }
  refuseOnWorkers(name, correlate.id, [correlate.key, ...Object.values(correlate.key)])
  for (const { id, call } of steps) refuseOnWorkers(name, id, [call])
  if (branch !== undefined) refuseOnWorkers(name, branch.id, [branch.choose])
  for (const sink of sinks) refuseOnWorkers(name, sink.id, Object.values(sink))
}

function refuseOnWorkers(topology: string, id: string, functions: readonly unknown[]): void {
  if (functions.every((each) => placeOfExport(each) === undefined)) return
  refuse(topology, `"${id}" has a function onWorkers, where only those of stages, filters, maps and decoders run`)
}
