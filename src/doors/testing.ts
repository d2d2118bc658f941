/** `millrace/testing`: time that a test moves, and probes for what is tested with it. */
export { type ActorProbe, probeActors, VirtualClock } from '../testing/index.ts'
