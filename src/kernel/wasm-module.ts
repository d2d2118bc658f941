import { readFileSync } from 'node:fs'
import { codeRoot } from '../core/code-root.ts'

/** What is used of the platform's WebAssembly, whose types come with those of browsers only. */
interface Platform {
  Module: new (bytes: Uint8Array) => WasmModule
  Memory: new (limits: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory
  Instance: new (module: WasmModule, imports: object) => { readonly exports: Readonly<Record<string, unknown>> }
  /** What a trap throws. */
  RuntimeError: new () => Error
}

/** Compiled code, of which there may be several instances. */
export type WasmModule = object

export interface WasmMemory {
  /** Another one after each growth; the one before has no bytes any more, or, of shared memory, as many as before. */
  readonly buffer: ArrayBuffer
  /** Adds pages of `wasmPageBytes`. */
  grow(pages: number): number
}

export const wasmPageBytes = 1 << 16
const wasmPagesMax = 1 << 16

const { Module, Memory, Instance, RuntimeError } = (globalThis as unknown as { WebAssembly: Platform }).WebAssembly

/** Compiles a module that `npm run build:wasm` has made from `assembly`. */
export function wasmModule(name: string): WasmModule {
  return new Module(readFileSync(new URL(`kernel/${name}.wasm`, codeRoot)))
}

/** Memory of zeros that an instance can work on. */
export function newMemory(bytes: number): WasmMemory {
  return new Memory({ initial: Math.ceil(bytes / wasmPageBytes) })
}

/** The same, for several threads: a message can carry it. */
export function newSharedMemory(bytes: number): WasmMemory {
  return new Memory({ initial: Math.ceil(bytes / wasmPageBytes), maximum: wasmPagesMax, shared: true })
}

/** Whether an error is what a trap throws. */
export function isTrap(error: unknown): boolean {
  return error instanceof RuntimeError
}

/**
 * An instance of a module over a memory.
 *
 * @param imports - What the module declares in its `assembly/*-imports.ts`.
 */
export function wasmInstance<Exports>(
  module: WasmModule,
  imports: Readonly<Record<string, (...numbers: never[]) => number | void>>,
  memory: WasmMemory,
): Exports {
  const everyImport = {
    env: { memory },
    'decoder-imports': imports,
    'offsets-imports': imports,
    'spans-imports': imports,
    'table-imports': imports,
  }
  return new Instance(module, everyImport).exports as Exports
}

/** An exported constant, such as the address of a column. */
export interface WasmGlobal {
  value: number
}

interface Guard {
  /** Called before each function. */
  readonly before: () => void
  /** Called when one has trapped, with what it threw. */
  readonly onTrap: (trap: Error) => never
}

/** Exports whose functions are guarded. */
export function guarded<Exports extends object>(exports: Exports, { before, onTrap }: Guard): Exports {
  const guard =
    (run: (...numbers: number[]) => unknown) =>
    (...numbers: number[]) => {
      before()
      try {
        return run(...numbers)
      } catch (error) {
        if (isTrap(error)) return onTrap(error as Error)
        throw error
      }
    }
  const entries = Object.entries(exports).map(([name, value]) => [
    name,
    typeof value === 'function' ? guard(value) : value,
  ])
  return Object.fromEntries(entries) as Exports
}
