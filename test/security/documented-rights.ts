import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What `kafka-acls` grants on one resource, in its words. */
export interface Grant {
  readonly operation: string
  readonly resource: 'topic' | 'group' | 'transactional-id'
  readonly name: string
}

const page = join(import.meta.dirname, '../../docs/security.md')

/**
 * The rights that the documentation lists for one purpose, with names put in the place of those that it uses as
 * examples.
 */
export function documentedRights(purpose: string, names: Readonly<Record<string, string>>): Grant[] {
  const lines = readFileSync(page, 'utf8').split('\n')
  const from = lines.findIndex((line) => line.trim().startsWith(`# ${purpose}: `))
  if (from < 0) throw new Error(`docs/security.md lists no rights for "${purpose}"`)
  const length = lines.slice(from + 1).findIndex((line) => !line.trim().startsWith('kafka-acls '))
  return lines.slice(from + 1, from + 1 + length).flatMap((line) => grantsIn(line, names))
}

/** The rights that one command grants. */
export function grantsIn(command: string, names: Readonly<Record<string, string>> = {}): Grant[] {
  const resource = /--(?<kind>topic|group|transactional-id) (?<name>\S+)/.exec(command)!.groups!
  return [...command.matchAll(/--operation (?<operation>\w+)/g)].map((match) => ({
    operation: match.groups!['operation']!,
    resource: resource['kind'] as Grant['resource'],
    name: names[resource['name']!] ?? resource['name']!,
  }))
}
