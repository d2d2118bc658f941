import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { array, int16, int32, int8, nullableString, since, string, struct, until, versions } from '../wire/schema.ts'

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

export const findCoordinator = defineApi({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexibleSince: 3,
  request: struct({
    key: until(3, string, ''),
    keyType: since(1, int8, 0),
    keys: since(4, array(string), []),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: until(3, int16, 0),
    errorMessage: versions(1, 3, nullableString, null),
    nodeId: until(3, int32, -1),
    host: until(3, string, ''),
    port: until(3, int32, -1),
    coordinators: since(
      4,
      array(
        struct({
          key: string,
          nodeId: int32,
          host: string,
          port: int32,
          errorCode: int16,
          errorMessage: nullableString,
        }),
      ),
      [],
    ),
  }),
  handle({ key, keyType, keys }, { access, cluster, version }) {
    const kind = kinds[keyType]
    const find = (id: string) => {
      if (kind === undefined) return { ...nobody, errorCode: errorCode.invalidRequest }
      const isDescribed = kind === 'group' ? access.group('describe', id) : access.transactionalId('describe', id)
      if (!isDescribed) return { ...nobody, ...denials[kind], ...(version >= 4 && { errorMessage: '' }) }
      const { id: nodeId, host, port } = cluster.coordinatorOf({ kind, id })
      return { nodeId, host, port, errorCode: errorCode.none, errorMessage: null }
    }
    return { ...(version < 4 && find(key)), coordinators: keys.map((each) => ({ key: each, ...find(each) })) }
  },
})
