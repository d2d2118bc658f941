export { probeActors } from './actor-probe.ts'
export type { ActorProbe } from './actor-probe.ts'
export { VirtualClock } from './virtual-clock.ts'
