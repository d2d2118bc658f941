import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { array, int16, int32, since, string, struct } from '../wire/schema.ts'

const groupType = 'classic'

export const listGroups = defineApi({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexibleSince: 3,
  request: struct({ statesFilter: since(4, array(string), []), typesFilter: since(5, array(string), []) }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    groups: array(
      struct({
        groupId: string,
        protocolType: string,
        groupState: since(4, string, ''),
        groupType: since(5, string, ''),
      }),
    ),
  }),
  handle({ statesFilter, typesFilter }, { access, cluster }) {
    const passes = (filter: string[], value: string) =>
      filter.length === 0 || filter.some((wanted) => wanted.toLowerCase() === value.toLowerCase())
    return {
      errorCode: errorCode.none,
      groups: [...cluster.groups.all()]
        .filter(({ id }) => access.cluster('describe') || access.group('describe', id))
        .filter(({ state }) => passes(statesFilter, state) && passes(typesFilter, groupType))
        .map(({ id, protocolType, state }) => ({
          groupId: id,
          protocolType: protocolType ?? '',
          groupState: state,
          groupType,
        })),
    }
  },
})
