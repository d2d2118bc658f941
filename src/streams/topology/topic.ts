import { checkText } from './topology-checks.ts'

/** The topic of a source or sink. */
export interface TopicOptions {
  /** The name of the topic. @defaultValue the operator's id */
  readonly topic?: string
}

/** The topic of an operator, checked. */
export function topicOf(kind: 'source' | 'sink', id: string, options: TopicOptions): { id: string; topic: string } {
  checkText(`the id of a ${kind}`, id)
  const { topic = id } = options
  checkText(`the topic of "${id}"`, topic)
  return { id, topic }
}
