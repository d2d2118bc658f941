import { defineApi } from '../api.ts'
import {
  array,
  boolean,
  defaulted,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
} from '../schema.ts'

const configEntry = struct({
  name: string,
  value: nullableString,
  readOnly: boolean,
  configSource: since(1, int8, -1),
  isSensitive: defaulted(boolean, false),
  synonyms: since(1, array(struct({ name: string, value: nullableString, source: int8 })), []),
  configType: since(3, int8, 0),
  documentation: since(3, nullableString, null),
})

export const describeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleSince: 4,
  request: struct({
    resources: array(struct({ resourceType: int8, resourceName: string, configurationKeys: nullableArray(string) })),
    includeSynonyms: since(1, boolean, false),
    includeDocumentation: since(3, boolean, false),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    results: array(
      struct({
        errorCode: int16,
        errorMessage: nullableString,
        resourceType: int8,
        resourceName: string,
        configs: array(configEntry),
      }),
    ),
  }),
})
