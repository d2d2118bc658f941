import { assert } from '../../core/assert.ts'
import type { FromThread, ToNewThread, ToThread } from './frames.ts'
import { type HostSeams, ThreadHost } from './thread-host.ts'
import type { Channel } from './transport.ts'

/** What a thread takes from outside, from its start. */
interface NewThreadSeams extends HostSeams {
  /** Loads modules ahead. One that fails is told of when an actor of it starts. */
  readonly preload: (modules: readonly string[]) => Promise<unknown>
}

/** Has a thread do what it is told: at first it is nobody's, and then one of a system. */
export function receive(channel: Channel<FromThread, ToThread | ToNewThread>, seams: NewThreadSeams): void {
  let host: ThreadHost | undefined
  channel.listen((frame) => {
    for (const entry of frame) {
      if (entry.type === 'begin') host = new ThreadHost(channel, entry.setup, seams)
      else if (entry.type === 'preload')
        void seams.preload(entry.modules).then(() => channel.send([{ type: 'preloaded' }], []))
      else {
        assert(host !== undefined, 'a thread of no system has no actors')
        host.handle(entry)
      }
    }
  })
}
