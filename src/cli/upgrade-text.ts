import { grouped } from '../core/grouped.ts'
import type { PlannedMigration, UpgradePlan } from '../streams/index.ts'

/** What a start of another version of a program would do, for people. */
export function upgradeText(upgrade: UpgradePlan): string {
  const { app, epoch, verdict, pending, migrations, forgets = 0, refusal, leaves, next } = upgrade
  const parts = partsText(pending)
  const first = {
    same: `${app}, epoch ${epoch}: goes on as it is, with ${parts}`,
    migrates: `${app}, epoch ${epoch}: goes on with ${parts}, after these changes`,
    refused: `${app}, epoch ${epoch}: does NOT start, and ${parts} stay as they are`,
    begins: `${app}: begins, with what is published for it from now on`,
  }[verdict]
  const why = refusal === undefined ? [] : [`${refusal.code}: ${refusal.message}`]
  const forgotten =
    forgets === 0 ? [] : [`  ${grouped(forgets)} completed keys are forgotten: further parts of them are no duplicates`]
  const left = leaves === undefined ? [] : [`  ${leaves} stays behind, with what it has pending and has not read`]
  const others = next === undefined ? [] : [upgradeText(next)]
  const changes = migrations.map((migration) => `  ${migrationText(migration)}`)
  return [first, ...why, ...changes, ...forgotten, ...left, ...others].join('\n')
}

function migrationText(migration: PlannedMigration): string {
  switch (migration.kind) {
    case 'version':
      return `stage ${migration.side}: version ${migration.was} becomes ${migration.is}; its parts among ${partsText(migration.pendingMax)} are made again from the source`
    case 'side':
      return `side ${migration.side} is added: rows of ${partsText(migration.pendingMax)} wait for it as new ones do`
    case 'key':
      return `key of side ${migration.side}: ${migration.was} becomes ${migration.is}; its parts among ${partsText(migration.pendingMax)} are taken in again, and those are merged that complete a row by it`
    case 'decoding':
      return `values of ${migration.topic}: ${migration.was} becomes ${migration.is}; ${partsText(migration.pendingMax)} are taken in again`
    case 'source':
      return `topic ${migration.topic} is read as well, from its start position`
    case 'removed':
      return `topic ${migration.topic} is read no more, with ${partsText(migration.pendingMax)}; what it has that is not read yet stays there`
    case 'returned':
      return `topic ${migration.topic} is read again, from where that was left`
    case 'table':
      return `table ${migration.table} is added, and begins empty`
    case 'removedTable':
      return `table ${migration.table} is given up, and its ${grouped(migration.rows)} rows are deleted`
    case 'lookupTable':
      return `table ${migration.table} is looked up, and filled by topic ${migration.topic}; what is pending keeps what it has found`
    case 'removedLookupTable':
      return `table ${migration.table} is looked up no more; topic ${migration.topic} stays as it is`
  }
}

function partsText(count: number): string {
  return `${grouped(count)} pending ${count === 1 ? 'part' : 'parts'}`
}
