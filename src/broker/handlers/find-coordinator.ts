import { errorCode, findCoordinator as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'

/** What keys are of, by key type. */
const kinds = ['group', 'transaction'] as const

const nobody = { nodeId: -1, host: '', port: -1, errorMessage: null }

const denials = {
  group: { errorCode: errorCode.groupAuthorizationFailed, errorMessage: 'Group authorization failed.' },
  transaction: {
    errorCode: errorCode.transactionalIdAuthorizationFailed,
    errorMessage: 'Transactional Id authorization failed.',
  },
} as const

export const findCoordinator = serve(api, {
  handle({ key, keyType, coordinatorKeys }, { access, cluster, version }) {
    const kind = kinds[keyType]
    const find = (id: string) => {
      if (kind === undefined) return { ...nobody, errorCode: errorCode.invalidRequest }
      const isDescribed = kind === 'group' ? access.group('describe', id) : access.transactionalId('describe', id)
      if (!isDescribed) return { ...nobody, ...denials[kind], ...(version >= 4 && { errorMessage: '' }) }
      const { id: nodeId, host, port } = cluster.coordinatorOf({ kind, id })
      return { nodeId, host, port, errorCode: errorCode.none, errorMessage: null }
    }
    return {
      ...(version < 4 && find(key)),
      coordinators: coordinatorKeys.map((each) => ({ key: each, ...find(each) })),
    }
  },
})
