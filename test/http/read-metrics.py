"""Reads metrics from a file by Prometheus' own parser, refuses what Prometheus would, and prints what is in them."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

suffixes = {'counter': {'_total'}, 'gauge': {''}, 'histogram': {'_bucket', '_sum', '_count'}}

families = {}
seen = set()
for family in text_string_to_metric_families(open(sys.argv[1], encoding='utf-8').read()):
    assert family.documentation, f'{family.name} has no help'
    assert family.type in suffixes, f'{family.name} has the type {family.type}'
    buckets = []
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        assert key not in seen, f'{key} occurs twice'
        seen.add(key)
        base = family.name.removesuffix('_total')
        assert sample.name.removeprefix(base) in suffixes[family.type], f'{sample.name} in {family.name}'
        if sample.name.endswith('_bucket'):
            buckets.append((float(sample.labels['le']), sample.value))
    assert buckets == sorted(buckets), f'{family.name}: {buckets}'
    if family.type == 'histogram':
        assert buckets[-1][0] == float('inf'), f'{family.name} ends at {buckets[-1]}'
    families[family.name] = {'type': family.type, 'samples': [[s.name, s.labels, s.value] for s in family.samples]}
print(json.dumps(families))
