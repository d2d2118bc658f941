/**
 * A crash-only TCP server, which adds up the numbers of each connection. Nothing in it handles errors: what goes wrong
 * in a connection ends that connection, what goes wrong in the listener has it listen anew:
 * `node examples/actors/tcp-server.ts`.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import {
  type ActorRef,
  defineActor,
  simpleOneForOne,
  startSystem,
  supervisor,
  type Reply,
} from '../../src/doors/actors.ts'

type ConnectionMessage = { type: 'line'; text: string } | { type: 'closed' }
type ListenerMessage = { type: 'port'; reply: Reply<number> } | { type: 'failed'; error: unknown }

const connection = (socket: Socket) =>
  defineActor<ConnectionMessage, number>({
    name: 'connection',
    init({ self }) {
      void readLines(socket, self)
      return 0
    },
    handle: {
      line(total, { text }) {
        if (!/^-?\d+$/.test(text)) throw new Error(`'${text}' is no number`)
        const next = total + Number(text)
        socket.write(`${next}\n`)
        return next
      },
      closed(total, _message, context) {
        context.stop()
        return total
      },
    },
    onStop: () => void socket.destroy(),
  })

/** The mailbox is bounded: where it is full the socket is not read, and so the client has to wait. */
async function readLines(socket: Socket, self: ActorRef<ConnectionMessage>): Promise<void> {
  try {
    for await (const text of createInterface({ input: socket })) await self.tell({ type: 'line', text })
  } finally {
    void self.tell({ type: 'closed' })
  }
}

const connections = simpleOneForOne({
  name: 'connections',
  childrenMax: 10_000,
  child: { start: connection, restart: 'temporary' },
})

const listener = defineActor<ListenerMessage, Server>({
  name: 'listener',
  async init(context) {
    const keeper = context.supervisor('connections')
    const server = createServer((socket) => {
      keeper.startChild({ args: socket }).catch(() => socket.destroy())
    })
    server.on('error', (error) => void context.self.tell({ type: 'failed', error }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  },
  handleInPlace: {
    port: (server, { reply }) => reply((server.address() as AddressInfo).port),
    failed: (_, { error }) => {
      throw error
    },
  },
  onStop: (server) => void server.close(),
})

await using system = await startSystem({
  name: 'sums',
  root: supervisor({ name: 'root', children: [{ start: connections }, { start: listener }] }),
  onEvent: (event) => event.type === 'childCrashed' && console.log(`${event.path} crashed: ${String(event.error)}`),
})

const port = await system.ref(listener).ask({ type: 'port' })
const good = connect(port, '127.0.0.1')
const sums = createInterface({ input: good })[Symbol.asyncIterator]()
good.write('1\n')
console.log((await sums.next()).value)

const bad = connect(port, '127.0.0.1').resume()
bad.write('one\n')
await once(bad, 'close')

good.end('2\n')
console.log((await sums.next()).value)
