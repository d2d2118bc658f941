import { MillraceError } from '../../core/errors.ts'
import type { Cluster } from '../../kafka/index.ts'
import { readAll } from '../checkpoint/checkpoint-view.ts'
import { manifestsOf } from '../checkpoint/checkpoint-records.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { Layout } from '../topology/layout.ts'
import type { Plan } from '../topology/plan.ts'
import { ownTopics } from '../topology/plan-topics.ts'

/**
 * `LAYOUT_DIFFERS` where a checkpoint of a program says that it goes on in another layout. That of the layout `single`
 * is in a topic of its own.
 */
export function layoutDiffers(
  { name, layout }: Pick<Plan, 'name' | 'layout'>,
  { topology, movedTo }: Pick<Manifest, 'topology' | 'movedTo'>,
): MillraceError | undefined {
  if (movedTo !== undefined) return otherLayout(name, movedTo, layout)
  if (layout === 'single') return undefined
  const is = sharedLayout(topology)
  return is === layout ? undefined : otherLayout(name, is, layout)
}

function sharedLayout({ isRouted }: Manifest['topology']): Layout {
  return isRouted === true ? 'routed' : 'keyed'
}

/**
 * Fails where a program that has no epoch in this layout goes on in another one.
 *
 * @throws MillraceError `LAYOUT_DIFFERS`
 */
export async function refuseElsewhere(cluster: Cluster, { name, layout }: Plan): Promise<void> {
  const { checkpointTopic } = ownTopics(name, layout === 'single' ? 'keyed' : 'single')
  const { exists } = (await cluster.topicPermissions([checkpointTopic])).get(checkpointTopic)!
  if (!exists) return
  const topic = await cluster.topicWhenReady(checkpointTopic)
  const { records } = await readAll(cluster, topic)
  const manifests = manifestsOf(records, topic.partitions.keys())
  const present = manifests.find(({ movedTo }) => movedTo === undefined)
  if (present === undefined) return
  throw otherLayout(name, layout === 'single' ? sharedLayout(present.topology) : 'single', layout)
}

function otherLayout(app: string, is: Layout, layout: Layout): MillraceError {
  return new MillraceError(
    'LAYOUT_DIFFERS',
    `the work of "${app}" is in the layout "${is}", and this process is in the layout "${layout}": start it in that one, or stop all of its processes and give \`millrace relayout --to ${layout}\``,
    { app, layout: is, declared: layout },
  )
}
