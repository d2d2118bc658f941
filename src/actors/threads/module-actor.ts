import { ActorError } from '../../core/errors.ts'
import type { ActorDefinition } from '../actor/actor.ts'
import type { ActorMessage } from '../actor/ref.ts'
import { encode, type Encoded } from './sendable.ts'

/** What a module exports of an actor: its definition, or a function that makes it of one argument. */
export type ActorExport = ActorDefinition | ((args: never) => ActorDefinition)

type MessageOf<Exported> = Exported extends (args: never) => infer Made
  ? MessageOf<Made>
  : Exported extends ActorDefinition<infer Message>
    ? Message
    : never

type ArgsOf<Exported> = Exported extends (args: infer Args) => unknown ? [args: Args] : []

/** An actor by the name of what describes it, which a thread can load. `Message` is the type of what it is sent. */
export interface ModuleActor<out Message extends ActorMessage = ActorMessage> {
  readonly kind: 'module'
  /** The actor's id below its supervisor, unless the child gives another: the name of the export. */
  readonly name: string
  /** The module's URL. */
  readonly module: string
  readonly args: Encoded | undefined
  /** Never there; it tells `ref` which messages the actor takes. */
  readonly message?: Message
}

/**
 * Names an actor for another thread, since functions do not cross: by its module and what that exports, which is the
 * definition, or a function that makes it of `args`. The thread imports the module when the actor starts; here it need
 * not be loaded.
 *
 * @param args - Data, as messages are.
 *
 * @throws ActorError `ACTOR_NOT_SENDABLE` when `args` have in them what does not cross; `ACTOR_SPEC_INVALID`.
 *
 * @example
 * import type { resizer } from './resizer.ts'
 * const start = fromModule<typeof resizer>(new URL('./resizer.ts', import.meta.url), 'resizer')
 * supervisor({ name: 'root', children: [{ start, thread: 'images' }] })
 */
export function fromModule<Exported extends ActorExport>(
  module: URL | string,
  exportName: string,
  ...[args]: ArgsOf<Exported>
): ModuleActor<MessageOf<Exported>> {
  const url = URL.parse(String(module))
  if (url === null) {
    const fault = `the module must be a URL, such as new URL('./${exportName}.ts', import.meta.url)`
    throw new ActorError('ACTOR_SPEC_INVALID', `${exportName}: ${fault}`, { path: exportName, fault })
  }
  const name = exportName
  return { kind: 'module', name, module: url.href, args: args === undefined ? undefined : encode(args, name) }
}
