import type { ChildSpec, SupervisorSpec } from './supervisor.ts'
import type { AddedAlike, AddedChild } from './supervisor-ref.ts'
import { checkAt, type Threading, validateChild } from './validate-spec.ts'

/**
 * Describes a child that is to be added to a supervisor, and checks the description.
 *
 * @throws ActorError `ACTOR_SPEC_INVALID`
 */
export function childSpecOf(
  { template, autoShutdown }: SupervisorSpec,
  path: string,
  added: AddedChild | AddedAlike,
  nextId: () => string,
  threading: Threading,
): ChildSpec {
  const check = checkAt(path)
  if (template === undefined) {
    check(!('args' in added), 'startChild takes args only where all children are alike')
    const spec = added as ChildSpec
    validateChild(spec, `${path}/${spec.id ?? spec.start?.name}`, threading, autoShutdown)
    return spec
  }
  check('args' in added, 'startChild takes args, and an id, where all children are alike')
  const { start, ...options } = template
  const { id = nextId(), args } = added as AddedAlike
  const spec: ChildSpec = { ...options, id, start: start(args as never) }
  validateChild(spec, `${path}/${id}`, threading, autoShutdown)
  return spec
}

/** What names a child among its siblings. */
export function idOf(spec: ChildSpec): string {
  return spec.id ?? spec.start.name
}
