/** A member of a program in the layout "keyed", in a process of its own, until it is told to stop. */
import { start } from '../../src/streams/index.ts'
import { keyedTopology } from './keyed-topology.ts'
import type { Stream } from './target.ts'

/** Its first argument, as JSON. */
export interface KeyedMember extends Pick<Stream, 'app' | 'source' | 'sink'> {
  readonly bootstrapServers: string
}

if (import.meta.main) {
  const { bootstrapServers, ...stream } = JSON.parse(process.argv[2]!) as KeyedMember
  const settings = { bootstrapServers, heartbeatIntervalMs: 200, epochMs: 50 }
  const app = await start(keyedTopology(stream), settings)
  process.once('SIGTERM', () => void app.stop())
  await app.done
}
