/** A member of a program whose members share its work, in a process of its own, until it is told to stop. */
import { type Layout, start } from '../../src/streams/index.ts'
import { keyedTopology } from './keyed-topology.ts'
import type { Stream } from './target.ts'

/** Its first argument, as JSON. */
export interface KeyedMember extends Pick<Stream, 'app' | 'source' | 'sink'> {
  readonly bootstrapServers: string
  readonly layout: Layout
}

if (import.meta.main) {
  const { bootstrapServers, layout, ...stream } = JSON.parse(process.argv[2]!) as KeyedMember
  const settings = { bootstrapServers, heartbeatIntervalMs: 200, epochMs: 50 }
  const app = await start(keyedTopology(stream, layout), settings)
  process.once('SIGTERM', () => void app.stop())
  await app.done
}
