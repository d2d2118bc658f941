import { kindOf } from '../../core/kind-of.ts'
import { invalid } from './topology-checks.ts'

/** Where a thread finds a value: what a module exports. */
export interface ExportPlace {
  /** The module's URL. */
  readonly module: string
  readonly exportName: string
  /** The text of a function, by which a thread sees that it has found the same one. */
  readonly text: string | undefined
}

const places = new WeakMap<object, ExportPlace>()

/**
 * Says where a module exports a function or a schema, and gives it back. With the option `workers` of a program it is
 * called on worker threads, which import the module, and else on the main thread, as any other. For the function of a
 * stage, its schema, a filter, a map or a decoder; it has to be synchronous, and uses no tables.
 *
 * The module is imported once on each thread. So it must not be the one that starts the program, and what it keeps in
 * variables of its own is another one on each thread.
 *
 * @param value - The function or schema. All that a stage has of them are on workers, or none is.
 * @param module - URL of the module that exports it, such as `import.meta.url`.
 * @param exportName - As what. @defaultValue the name of the function
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for a module that is no URL, or a value without a name.
 *
 * @example
 * import { score } from './score.ts'
 * stage({ part: onWorkers(score, new URL('./score.ts', import.meta.url)) })
 */
export function onWorkers<Value extends object>(value: Value, module: URL | string, exportName?: string): Value {
  const url = URL.parse(String(module))
  const isFunction = typeof value === 'function'
  if (!isFunction && (typeof value !== 'object' || value === null)) {
    throw invalid(`onWorkers is given ${kindOf(value)}, where a function or a schema belongs`)
  }
  const name = exportName ?? (isFunction ? (value as { readonly name: string }).name : '')
  if (name === '') throw invalid('onWorkers is given a value without a name: say under which one its module exports it')
  if (url === null) {
    throw invalid(`the module of "${name}" is ${JSON.stringify(module)}, where a URL belongs, such as import.meta.url`)
  }
  places.set(value, { module: url.href, exportName: name, text: isFunction ? String(value) : undefined })
  return value
}

/** Where threads find a value; undefined where nobody has said so, and for what is no object. */
export function placeOfExport(value: unknown): ExportPlace | undefined {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? places.get(value) : undefined
}
