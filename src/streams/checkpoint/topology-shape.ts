import type { Plan } from '../plan.ts'

/** What of a program its checkpoint depends on, each as a text. Another value makes the pending parts mean something else. */
export type TopologyShape = Readonly<Record<string, string>>

/** Functions cannot be compared; whoever changes one so that it keeps other parts raises the stage's version. */
export function shapeOf(plan: Plan): TopologyShape {
  const { source, route, sides, correlate } = plan
  const shape: Record<string, string> = {
    source: source.topic,
    route: typeof route.by === 'function' ? 'a function' : `field ${JSON.stringify(route.by.path)}`,
    key: `field ${JSON.stringify(correlate.key.path)}`,
    sides: sides.map(({ name }) => JSON.stringify(name)).join(', '),
  }
  for (const { name, part, stage } of sides) {
    const kept = part.kind === 'field' ? `field ${JSON.stringify(part.path)}` : part.kind
    shape[`stage ${JSON.stringify(name)}`] = `${kept}, version ${stage.version}`
  }
  return shape
}

/** What differs, one text for each, from the checkpoint's point of view. */
export function differences(before: TopologyShape, now: TopologyShape): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)])
  return [...names]
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name} was ${before[name] ?? 'absent'} and is ${now[name] ?? 'absent'}`)
}
