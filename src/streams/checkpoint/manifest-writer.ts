import { assert } from '../../core/assert.ts'
import type { ClosingEpoch, EpochParticipant, ManifestEntries } from '../epochs/epoch-participant.ts'
import { manifestKey } from './checkpoint-topic.ts'
import { manifestOfTask } from '../tasks/task-manifests.ts'
import { oneTask, type Tasks } from '../tasks/tasks.ts'
import { encodeManifest, type Manifest, manifestFormat } from './manifest.ts'

/** What every manifest of a program says alike; only its partitions grow. */
export type ProgramIdentity = Pick<
  Manifest,
  | 'topology'
  | 'outputs'
  | 'outputIds'
  | 'spread'
  | 'expiry'
  | 'next'
  | 'sourceIds'
  | 'former'
  | 'lookups'
  | 'partitions'
  | 'hashSeed'
>

/** Entries that each manifest has, by participants. */
const requiredEntries = [
  'startOffsets',
  'nextOffsets',
  'totals',
  'pendingOfTasks',
  'baseEpochs',
  'basePieces',
  'deltaPieces',
] as const satisfies readonly (keyof ManifestEntries)[]

/**
 * Writes the manifest of each task of the member in each epoch, after all other participants have said what stands in
 * it. It keeps nothing itself.
 */
export class ManifestWriter implements EpochParticipant {
  readonly #identity: ProgramIdentity
  readonly #tasks: Tasks

  constructor(identity: ProgramIdentity, tasks: Tasks = oneTask) {
    this.#identity = identity
    this.#tasks = tasks
  }

  close({ number: epoch, closedMs, manifest, put }: ClosingEpoch): void {
    assertWhole(manifest)
    const { pendingOfTasks, completedOfTasks, ...entries } = manifest
    for (const task of this.#tasks.own) {
      const whole = {
        format: manifestFormat,
        epoch,
        closedMs,
        ...this.#identity,
        ...entries,
        ...pendingOfTasks[task]!,
        ...(completedOfTasks && { completed: completedOfTasks[task]! }),
      } as const
      put(manifestKey, encodeManifest(manifestOfTask(whole, this.#tasks, task)), task)
    }
  }

  commit(): void {}

  rollback(): void {}
}

function assertWhole(
  entries: ManifestEntries,
): asserts entries is Required<Pick<ManifestEntries, (typeof requiredEntries)[number]>> &
  Pick<ManifestEntries, 'completedOfTasks'> &
  Pick<Manifest, 'eventTimes' | 'tables' | 'windows' | 'brought'> {
  for (const name of requiredEntries) assert(entries[name] !== undefined, `each manifest says ${name}`)
}
